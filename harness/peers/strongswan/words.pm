# words.pm - strongSwan's algorithm names in the lab's words.
package words;
use strict;
use warnings;

my %encryption = (
    AES_CBC => ['aes', ''], AES_CTR => ['aes', 'ctr'],
    AES_GCM_16 => ['aes', 'gcm16'], AES_GCM_12 => ['aes', 'gcm12'], AES_GCM_8 => ['aes', 'gcm8'],
    AES_CCM_16 => ['aes', 'ccm16'], AES_CCM_8 => ['aes', 'ccm8'],
);
my %others = (
    CHACHA20_POLY1305 => 'chacha20poly1305', NULL => 'null',
    HMAC_SHA2_256_128 => 'sha256', HMAC_SHA2_384_192 => 'sha384', HMAC_SHA2_512_256 => 'sha512',
    HMAC_SHA1_96 => 'sha1', AES_XCBC_96 => 'aesxcbc', AES_CMAC_96 => 'aescmac',
    PRF_HMAC_SHA2_256 => 'prfsha256', PRF_HMAC_SHA2_384 => 'prfsha384',
    PRF_HMAC_SHA2_512 => 'prfsha512', PRF_HMAC_SHA1 => 'prfsha1',
    PRF_AES128_XCBC => 'prfaesxcbc', PRF_AES128_CMAC => 'prfaescmac',
    CURVE_25519 => 'x25519', CURVE_448 => 'x448',
    ECP_256 => 'ecp256', ECP_384 => 'ecp384', ECP_521 => 'ecp521',
    ECP_256_BP => 'ecp256bp', ECP_384_BP => 'ecp384bp', ECP_512_BP => 'ecp512bp',
    map { ("MODP_$_" => "modp$_") } 2048, 3072, 4096, 6144, 8192,
);

# The word of an encryption algorithm; `bits` is the key size or empty. Undefined when unknown.
sub encryption {
    my ($name, $bits) = @_;
    return $encryption{$name}[0] . ($bits // '') . $encryption{$name}[1] if $encryption{$name};
    return $others{$name};
}

sub other { return $others{ $_[0] } }

# "AES_GCM_16_128/PRF_HMAC_SHA2_256/CURVE_25519" to (encryption, integrity or '-').
sub protection_of_proposal {
    my ($encryption, $integrity) = (undef, '-');
    for my $name (split m{/}, $_[0]) {
        if ($name =~ /^(AES_[A-Z]+(?:_(?:8|12|16))?)_(128|192|256)$/ && $encryption{$1}) {
            $encryption = encryption($1, $2);
        } elsif ($name =~ /^(?:CHACHA20_POLY1305)(?:_256)?$/ || $name eq 'NULL') {
            $encryption = $name eq 'NULL' ? 'null' : 'chacha20poly1305';
        } elsif ($name =~ /^(HMAC_|AES_XCBC|AES_CMAC)/) {
            $integrity = $others{$name} // '-';
        }
    }
    return ($encryption, $integrity);
}

1;
