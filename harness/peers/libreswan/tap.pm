# tap.pm - reads what pluto_tap.c wrote: SPIs, roles and keys of pluto's IKE SAs.
package tap;
use strict;
use warnings;

my %aead = (0x1087 => 'aes', 0x4021 => 'chacha20poly1305', 0xce53436c => 'chacha20poly1305');
my %cipher = (0x1082 => '', 0x1086 => 'ctr');
my %integrity = (20 => 'sha1', 32 => 'sha256', 48 => 'sha384', 64 => 'sha512');
use constant { FLAG_INITIATOR => 0x08, SPI_DIGITS => 16, BITS_PER_BYTE => 8, NO_SPI => '0' x 16 };

# IKE SAs in the order in which they came to be: {spi_i, spi_r, role, keymat, parts}.
sub read_sas {
    my ($path) = @_;
    my (@sas, %by_spi, %by_key, %is_ours);
    my $find = sub {
        my ($spi_i) = @_;
        push @sas, $by_spi{$spi_i} = { spi_i => $spi_i, spi_r => NO_SPI } unless $by_spi{$spi_i};
        return $by_spi{$spi_i};
    };
    open my $file, '<', $path or return;
    while (my $line = <$file>) {
        my ($word, @values) = split ' ', $line;
        if ($word eq 'RANDOM') {
            $is_ours{ $values[0] } = 1;
        } elsif ($word eq 'SENT') {
            my ($spi_i, $spi_r, $flags) = $values[0] =~ /^(\w{16})(\w{16})\w{6}(\w\w)/ or next;
            # An answer without an SPI of its own belongs to no SA.
            next if $spi_r eq NO_SPI && !(hex($flags) & FLAG_INITIATOR);
            my $sa = $find->($spi_i);
            $sa->{spi_r} = $spi_r;
            $sa->{role} = hex($flags) & FLAG_INITIATOR ? 'initiator' : 'responder';
        } elsif ($word eq 'KEYMAT') {
            my ($key, $seed, $bytes) = @values;
            my ($spi_i, $spi_r) = $seed =~ /(\w{16})(\w{16})$/ or next;
            my $sa = $by_key{$key} = $find->($spi_i);
            my $nonce = (grep { index($seed, $_) == 0 } keys %is_ours)[0];
            @$sa{qw(spi_r keymat parts)} = ($spi_r, $bytes, []);
            $sa->{role} //= defined $nonce && length $nonce > SPI_DIGITS ? 'initiator' : 'responder';
        } elsif ($word eq 'PART' && $by_key{ $values[0] }) {
            my (undef, $offset, $size, $use) = @values;
            push @{ $by_key{ $values[0] }{parts} }, [$offset, $size, hex $use];
        }
    }
    return @sas;
}

sub bytes {
    my ($keymat, $offset, $size) = @_;
    return substr($keymat, 2 * $offset, 2 * $size);
}

# One line of ike.keys, or nothing when the layout is unknown. RFC 7296, section 2.14, gives the
# order: SK_d SK_ai SK_ar SK_ei SK_er SK_pi SK_pr; a salt follows its key.
sub key_line {
    my ($sa) = @_;
    my ($keymat, $parts) = @$sa{qw(keymat parts)};
    return unless $keymat && $parts && @$parts;
    my $prf_size = $parts->[0][1];
    my ($i, $r) = grep { defined $aead{ $_->[2] } || defined $cipher{ $_->[2] } } @$parts;
    return unless $i && $r;
    my $stride = $r->[0] - $i->[0];
    my $bits = $i->[1] * BITS_PER_BYTE;
    my ($encryption, @integrity) = (undef, '-', '-', '-');
    if (defined(my $word = $aead{ $i->[2] })) {
        $encryption = $word eq 'aes' ? "aes${bits}gcm16" : $word;
    } else {
        my $size = ($i->[0] - $prf_size) / 2;
        return unless $integrity{$size};
        $encryption = "aes$bits$cipher{ $i->[2] }";
        @integrity = ($integrity{$size}, bytes($keymat, $prf_size, $size),
            bytes($keymat, $prf_size + $size, $size));
    }
    return join ' ', 'IKE', @$sa{qw(spi_i spi_r)}, 0, 0, 0, $encryption,
        bytes($keymat, $i->[0], $stride), bytes($keymat, $r->[0], $stride), @integrity;
}

1;
