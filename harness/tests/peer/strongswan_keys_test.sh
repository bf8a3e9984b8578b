#!/bin/sh
# Tests harness/peers/strongswan/keys.pl with logs of charon whose keys are made up.
set -u

keys=harness/peers/strongswan/keys.pl
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
number=0

is_file() { # NAME WANTED CLAIM
    number=$((number + 1))
    if [ "$(cat "$work/$1")" = "$2" ]; then
        echo "ok $number - $3"
    else
        echo "not ok $number - $3"
        sed 's/^/# got /' "$work/$1"
    fi
}

# Initiator of IKE_AUTH, then responder of a rekeying of the IKE_SA. Between them another thread.
cat >"$work/charon-keys.log" <<'LOG'
05[MGR] checkout IKEv2 SA by message with SPIs 1111111111111111_i 2222222222222222_r
05[ENC] <tunnel|1> parsed IKE_SA_INIT response 0 [ SA KE No ]
05[CFG] <tunnel|1> selected proposal: IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048
05[IKE] <tunnel|1> SKEYSEED => 4 bytes @ 0x7f00
05[IKE] <tunnel|1>    0: 99 99 99 99                                      ....
05[IKE] <tunnel|1> Sk_ai secret => 4 bytes @ 0x7f00
05[IKE] <tunnel|1>    0: A1 A1 A1 A1                                      ....
05[IKE] <tunnel|1> Sk_ar secret => 4 bytes @ 0x7f00
05[IKE] <tunnel|1>    0: A2 A2 A2 A2                                      ....
06[IKE] <2> Sk_ei secret => 4 bytes @ 0x7f00
05[IKE] <tunnel|1> Sk_ei secret => 20 bytes @ 0x7f00
06[IKE] <2>    0: 77 77 77 77                                      ....
05[IKE] <tunnel|1>    0: 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10  ................
05[IKE] <tunnel|1>   16: 11 12 13 14                                      ....
05[IKE] <tunnel|1> Sk_er secret => 4 bytes @ 0x7f00
05[IKE] <tunnel|1>    0: E2 E2 E2 E2                                      ....
05[MGR] <tunnel|1> checkin IKEv2 SA tunnel[1] with SPIs 1111111111111111_i 2222222222222222_r
07[MGR] checkout IKEv2 SA by message with SPIs 1111111111111111_i 2222222222222222_r
07[ENC] <tunnel|1> parsed IKE_AUTH response 1 [ IDr AUTH SA TSi TSr ]
07[CFG] <tunnel|1> selected proposal: ESP:AES_GCM_16_256/NO_EXT_SEQ
07[CHD] <tunnel|1> encryption initiator key => 4 bytes @ 0x7f00
07[CHD] <tunnel|1>    0: C1 C1 C1 C1                                      ....
07[CHD] <tunnel|1> encryption responder key => 4 bytes @ 0x7f00
07[CHD] <tunnel|1>    0: C2 C2 C2 C2                                      ....
07[CHD] <tunnel|1> adding inbound ESP SA
07[CHD] <tunnel|1>   SPI 0xaaaaaaaa, src 198.51.100.1 dst 192.0.2.1
07[CHD] <tunnel|1> registering outbound ESP SA
07[CHD] <tunnel|1>   SPI 0xbbbbbbbb, src 192.0.2.1 dst 198.51.100.1
07[MGR] <tunnel|1> checkin IKEv2 SA tunnel[1] with SPIs 1111111111111111_i 2222222222222222_r
09[MGR] checkout IKEv2 SA by message with SPIs 1111111111111111_i 2222222222222222_r
09[ENC] <tunnel|1> parsed CREATE_CHILD_SA request 0 [ SA No KE ]
09[CFG] <tunnel|1> selected proposal: IKE:CHACHA20_POLY1305/PRF_HMAC_SHA2_256/CURVE_25519
09[IKE] <tunnel|3> Sk_ei secret => 4 bytes @ 0x7f00
09[IKE] <tunnel|3>    0: F1 F1 F1 F1                                      ....
09[IKE] <tunnel|3> Sk_er secret => 4 bytes @ 0x7f00
09[IKE] <tunnel|3>    0: F2 F2 F2 F2                                      ....
09[MGR] <tunnel|1> checkin IKEv2 SA tunnel[3] with SPIs 3333333333333333_i 4444444444444444_r
09[MGR] <tunnel|1> checkin IKEv2 SA tunnel[1] with SPIs 1111111111111111_i 2222222222222222_r
10[MGR] checkout IKEv2 SA by message with SPIs 3333333333333333_i 4444444444444444_r
10[ENC] <tunnel|3> parsed CREATE_CHILD_SA request 0 [ N(REKEY_SA) SA No TSi TSr ]
10[CFG] <tunnel|3> selected proposal: ESP:AES_CBC_256/HMAC_SHA2_256_128/EXT_SEQ
10[CHD] <tunnel|3> encryption initiator key => 4 bytes @ 0x7f00
10[CHD] <tunnel|3>    0: D1 D1 D1 D1                                      ....
10[CHD] <tunnel|3> encryption responder key => 4 bytes @ 0x7f00
10[CHD] <tunnel|3>    0: D2 D2 D2 D2                                      ....
10[CHD] <tunnel|3> integrity initiator key => 4 bytes @ 0x7f00
10[CHD] <tunnel|3>    0: B1 B1 B1 B1                                      ....
10[CHD] <tunnel|3> integrity responder key => 4 bytes @ 0x7f00
10[CHD] <tunnel|3>    0: B2 B2 B2 B2                                      ....
10[CHD] <tunnel|3> adding inbound ESP SA
10[CHD] <tunnel|3>   SPI 0xcccccccc, src 198.51.100.1 dst 192.0.2.1
10[CHD] <tunnel|3> registering outbound ESP SA
10[CHD] <tunnel|3>   SPI 0xdddddddd, src 192.0.2.1 dst 198.51.100.1
LOG
perl "$keys" "$work" || echo "Bail out! keys.pl fails"
is_file ike.keys "IKE 1111111111111111 2222222222222222 0 0 0 aes128 0102030405060708090a0b0c0d0e0f1011121314 e2e2e2e2 sha256 a1a1a1a1 a2a2a2a2
IKE 3333333333333333 4444444444444444 0 0 0 chacha20poly1305 f1f1f1f1 f2f2f2f2 - - -" \
    "IKE keys of both roles, from threads that log in turns"
is_file esp.keys "ESP 198.51.100.1 192.0.2.1 aaaaaaaa aes256gcm16 c2c2c2c2 - - 0
ESP 192.0.2.1 198.51.100.1 bbbbbbbb aes256gcm16 c1c1c1c1 - - 0
ESP 198.51.100.1 192.0.2.1 cccccccc aes256 d1d1d1d1 sha256 b1b1b1b1 1
ESP 192.0.2.1 198.51.100.1 dddddddd aes256 d2d2d2d2 sha256 b2b2b2b2 1" \
    "ESP keys by direction, as who started the exchange says"

before=$(cat "$work/ike.keys" "$work/esp.keys")
perl "$keys" "$work" || echo "Bail out! keys.pl fails"
number=$((number + 1))
[ -n "$before" ] && [ "$(cat "$work/ike.keys" "$work/esp.keys")" = "$before" ] || printf 'not '
echo "ok $number - a second call adds nothing"

# As responder charon derives the keys only when IKE_AUTH arrives, in another thread.
rm -f "$work/ike.keys" "$work/esp.keys"
cat >"$work/charon-keys.log" <<'LOG'
01[MGR] checkout IKEv2 SA by message with SPIs 5555555555555555_i 0000000000000000_r
01[ENC] <1> parsed IKE_SA_INIT request 0 [ SA KE No ]
01[CFG] <1> selected proposal: IKE:AES_GCM_16_128/PRF_HMAC_SHA2_256/CURVE_25519
01[MGR] <1> checkin IKEv2 SA (unnamed)[1] with SPIs 5555555555555555_i 6666666666666666_r
09[MGR] checkout IKEv2 SA by message with SPIs 5555555555555555_i 6666666666666666_r
09[IKE] <1> Sk_ei secret => 4 bytes @ 0x7f00
09[IKE] <1>    0: 51 51 51 51                                      QQQQ
09[IKE] <1> Sk_er secret => 4 bytes @ 0x7f00
09[IKE] <1>    0: 52 52 52 52                                      RRRR
09[ENC] <1> parsed IKE_AUTH request 1 [ IDi AUTH SA TSi TSr ]
09[MGR] <tunnel|1> checkin IKEv2 SA tunnel[1] with SPIs 5555555555555555_i 6666666666666666_r
LOG
perl "$keys" "$work" || echo "Bail out! keys.pl fails"
is_file ike.keys \
    "IKE 5555555555555555 6666666666666666 0 0 0 aes128gcm16 51515151 52525252 - - -" \
    "keys derived late, by another thread than chose the proposal"
is_file esp.keys "" "no child, no ESP keys"
echo "1..$number"
