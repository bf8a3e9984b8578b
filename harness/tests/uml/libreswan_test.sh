#!/bin/sh
# Tests what stands between the lab and libreswan: native.pl (configuration) and tap.pm (keys).
# shellcheck disable=SC2016 # Perl in single quotes
set -u

peer=harness/peers/libreswan
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/to"
number=0

is() { # GOT WANTED CLAIM
    number=$((number + 1))
    if [ "$1" = "$2" ]; then
        echo "ok $number - $3"
    else
        echo "not ok $number - $3"
        echo "$1" | sed 's/^/# got    /'
        echo "$2" | sed 's/^/# wanted /'
    fi
}

write() { # IKE-LIFETIME IKE
    cat >"$work/ipsec.conf" <<CONF
# leftid=fqdn=stays
conn tunnel
    leftid=fqdn=west.example.test
    rightid=email=who@example.test
    ike=$2
    ikelifetime=$1
CONF
    echo 'ipv4=192.0.2.1 fqdn=east.example.test : PSK "fqdn"' >"$work/ipsec.secrets"
}

line() { # PATTERN
    grep "$1" "$work/to/ipsec.conf"
}

write 14400s aes128-sha2_256:sha2_256-dh31,aes_gcm128-sha2_384-dh19
perl $peer/native.pl "$work" "$work/to"
is $? 0 "a configuration is finished"
is "$(line '^    leftid')" "    leftid=@west.example.test" "a name gets libreswan's mark"
is "$(line rightid)" "    rightid=who@example.test" "a mail address needs none"
is "$(line '^#')" "# leftid=fqdn=stays" "a comment stays as it is"
is "$(line ike=)" "    ike=aes128-sha2_256-dh31,aes_gcm128-sha2_384-dh19" \
    "integrity algorithm and PRF become one word"
is "$(line rekey=)" "    rekey=no" "long lifetimes need no rekeying"
is "$(cat "$work/to/ipsec.secrets")" '192.0.2.1 @east.example.test : PSK "fqdn"' \
    "secrets are found by the same identities"

write 300s aes_gcm128-sha2_384-dh19
perl $peer/native.pl "$work" "$work/to"
is "$(line rekey=)" "    rekey=yes" "a short lifetime does"

write 300s aes128-sha2_512:sha2_256-dh31
perl $peer/native.pl "$work" "$work/to" 2>"$work/error"
is $? 127 "another PRF than the integrity algorithm's hash is not supported"

# A nonce of 32 bytes, so that it cannot be taken for an SPI.
ours=$(printf 'ab%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 \
    29 30 31 32)
theirs=$(echo "$ours" | tr ab cd)
i=1111111111111111 r=2222222222222222 i2=3333333333333333 r2=4444444444444444
bytes() { # FIRST COUNT
    perl -e 'print map { sprintf "%02x", $_ & 255 } $ARGV[0] .. $ARGV[0] + $ARGV[1] - 1' "$1" "$2"
}
cat >"$work/tap" <<TAP
PART 0x1 0 16 1087
RANDOM $i
RANDOM $ours
SENT ${i}0000000000000000212022080000000000000100
KEYMAT 0x2 $ours$theirs$i$r $(bytes 0 136)
PART 0x2 0 32 365
PART 0x2 32 16 1087
PART 0x2 48 4 365
PART 0x2 52 16 1087
PART 0x2 68 4 365
SENT $i${r}2e2023080000000100000100
KEYMAT 0x2 $theirs$ours$i2$r2 $(bytes 0 224)
PART 0x2 0 32 365
PART 0x2 96 16 1082
PART 0x2 112 16 1082
SENT 55555555555555550000000000000000212022200000000000000024
TAP
tapped() { # CODE
    perl -I $peer -Mstrict -Mwarnings -e 'use tap;
        print map { "$_\n" } map { eval $ARGV[1] } tap::read_sas($ARGV[0])' "$work/tap" "$1"
}
is "$(tapped 'join " ", @$_{qw(spi_i spi_r role)}')" "$i $r initiator
$i2 $r2 responder" "SAs are told in their order, and who began them"
is "$(tapped 'tap::key_line($_)' | head -n 1)" \
    "IKE $i $r 0 0 0 aes128gcm16 $(bytes 32 20) $(bytes 52 20) - - -" "an AEAD's salt follows its key"
is "$(tapped 'tap::key_line($_)' | tail -n 1)" "IKE $i2 $r2 0 0 0 aes128 $(bytes 96 16) $(
    bytes 112 16) sha256 $(bytes 32 32) $(bytes 64 32)" "the integrity keys come before"
echo "1..$number"
