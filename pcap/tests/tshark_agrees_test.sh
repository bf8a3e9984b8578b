#!/bin/sh
# tshark_agrees_test.sh - an independent decoder must see the same IKE messages in our captures:
# frame, exchange type, flags, message ID and payload types, decrypted ones included.
#
# Captures are looked for below $IKELAB_RESULTS (default build/results/latest); the program is
# $IKELAB (default build/bin/ikelab, or the sanitized one).
set -u

results=${IKELAB_RESULTS:-build/results/latest}
ikelab=${IKELAB:-}
for candidate in build/bin/ikelab build/check/bin/ikelab; do
    if [ -z "$ikelab" ] && [ -x "$candidate" ]; then
        ikelab=$candidate
    fi
done

skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

command -v tshark >/dev/null 2>&1 || skip_all "tshark is not installed"
[ -n "$ikelab" ] || skip_all "ikelab is not built"
captures=$(find "$results"/ -name wan.pcapng 2>/dev/null | sort)
[ -n "$captures" ] || skip_all "no wan.pcapng below $results"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# frame;exchange;flags;message ID;payload types of every message, as tshark sees it. Proposals and
# transforms (2, 3) are parts of SA, SK (46) is replaced by what is inside.
tshark_messages() {
    folder=$(dirname "$1")
    set -- "$1"
    if [ -r "$folder/keys/ikev2_decryption_table" ]; then
        while IFS= read -r line; do
            case $line in \#* | '') ;; *) set -- "$@" -o "uat:ikev2_decryption_table:$line" ;; esac
        done <"$folder/keys/ikev2_decryption_table"
    fi
    capture=$1
    shift
    HOME=$work tshark -n -r "$capture" "$@" -Y isakmp -T fields -E 'separator=;' -e frame.number \
        -e isakmp.exchangetype -e isakmp.flags -e isakmp.messageid -e isakmp.typepayload \
        2>"$work/errors" |
        perl -ne '
            chomp;
            my ($frame, $exchange, $flags, $id, $types) = split /;/, $_, -1;
            my @types = grep { $_ != 2 && $_ != 3 && $_ != 46 } split /,/, $types // "";
            printf "%d;%d;%02x;%d;%s\n", $frame, $exchange, hex($flags), hex($id), join(",", @types);
        '
}

our_messages() {
    folder=$(dirname "$1")
    set -- "$1"
    if [ -r "$folder/keys/ike.keys" ]; then
        set -- "$@" --keys "$folder/keys/ike.keys"
    fi
    "$ikelab" pcap dump "$@" --json | perl -MJSON::PP -0777 -ne '
        my %exchanges = (IKE_SA_INIT => 34, IKE_AUTH => 35, CREATE_CHILD_SA => 36, INFORMATIONAL => 37,
            IKE_SESSION_RESUME => 38, IKE_INTERMEDIATE => 43, IKE_FOLLOWUP_KE => 44);
        my %types = (SA => 33, KE => 34, IDi => 35, IDr => 36, CERT => 37, CERTREQ => 38, AUTH => 39,
            Ni => 40, Nr => 40, N => 41, D => 42, V => 43, TSi => 44, TSr => 45, SK => 46, CP => 47,
            EAP => 48, SKF => 53);
        for my $message (@{decode_json($_)->{messages}}) {
            my @types = map { (my $name = $_) =~ s/\(.*//; $types{$name} // $_ } @{$message->{payloads}};
            printf "%d;%d;%02x;%d;%s\n", $message->{frame}, $exchanges{$message->{exchange}} // 0,
                ($message->{initiator} ? 8 : 0) | ($message->{response} ? 32 : 0),
                $message->{message_id}, join(",", grep { $_ ne "46" } @types);
        }
    '
}

number=0
failed=0
for capture in $captures; do
    number=$((number + 1))
    tshark_messages "$capture" >"$work/tshark"
    our_messages "$capture" >"$work/ours"
    count=$(wc -l <"$work/ours")
    name=$(basename "$(dirname "$capture")")
    if diff "$work/tshark" "$work/ours" >"$work/difference"; then
        echo "ok $number - $name: $count messages alike"
    else
        echo "not ok $number - $name: $count messages"
        echo "# tshark <, ikelab >   frame;exchange;flags;message ID;payload types"
        sed 's/^/# /' "$work/difference" | head -20
        failed=1
    fi
done
echo "1..$number"
exit $failed
