#!/bin/sh
# Tests harness/peers/uml/xfrm.pm with what `ip -s xfrm state` and `ip xfrm monitor` print.
set -u

folder=harness/peers/uml
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

# Prints the named members of every SA in standard input.
members() { # NAME...
    perl -I "$folder" -Mstrict -Mwarnings -e '
        use xfrm;
        local $/ = undef;
        my @names = @ARGV;
        my $text = <STDIN>;
        print join(" ", map { $_ // "?" } @$_{@names}), "\n" for xfrm::read_states($text);' "$@"
}

aead='src 198.51.100.1 dst 192.0.2.1
	proto esp spi 0x995dc631(2573059633) reqid 16393(0x00004009) mode tunnel
	replay-window 0 seq 0x00000000 flag af-unspec esn (0x00100080)
	aead rfc4106(gcm(aes)) 0x000102030405060708090a0b0c0d0e0f10111213 (160 bits) 128
	encap type espinudp sport 4500 dport 4501 addr 0.0.0.0
	anti-replay esn context:
	 seq-hi 0x0, seq 0x0, oseq-hi 0x0, oseq 0x0
	lifetime config:
	  limit: soft 263(bytes), hard 922(bytes)
	lifetime current:
	  840(bytes), 10(packets)
	stats:
	  replay-window 0 replay 3 failed 0'
cbc='src 2001:db8:a::1 dst 2001:db8:b::1
	proto esp spi 0x00000abc reqid 0 mode transport
	replay-window 32 flag
	auth-trunc hmac(sha512) 0xaaaa 256
	enc cbc(aes) 0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
larval='src 198.51.100.1 dst 192.0.2.1
	proto esp spi 0x1dcf01ff(500105727) reqid 0(0x00000000) mode transport
	replay-window 0 seq 0x00000000 flag  (0x00000000)'

is "$(echo "$aead" | members src dst spi mode encryption integrity esn encap sport dport)" \
    "198.51.100.1 192.0.2.1 995dc631 tunnel aes128gcm16 - 1 1 4500 4501" \
    "an AEAD in UDP with extended sequence numbers is read"
is "$(echo "$aead" | members bytes packets replayed)" "840 10 3" \
    "counters are the current ones, not the limits"
is "$(echo "$aead" | members key)" "000102030405060708090a0b0c0d0e0f10111213" \
    "the salt stays with the key"
is "$(echo "$cbc" | members spi mode encryption integrity integrity_key esn)" \
    "00000abc transport aes256 sha512 aaaa 0" "two algorithms are read, as ip prints without -s"
is "$(echo "$larval" | members spi)" "" "an SA without keys is none yet"
is "$(printf '%s\nDeleted %s\n' "$cbc" "$aead" | members spi | tr '\n' ' ')" \
    "00000abc 995dc631 " "what the monitor says of a deleted SA is read too"
is "$(printf '%s\nsocket in\n	enc cbc(aes) 0xff\n' "$cbc" | members key | cut -c 1-8)" \
    "00010203" "lines of something else belong to no SA"
is "$(echo "$aead" | sed 's/160 bits) 128/160 bits) 64/' | members encryption)" "aes128gcm8" \
    "the size of the ICV is part of the word"
is "$(echo "$aead" | sed 's/rfc4106(gcm(aes))/rfc7539esp(chacha20,poly1305)/' |
    members encryption)" "chacha20poly1305" "ChaCha20-Poly1305 is read"
echo "1..$number"
