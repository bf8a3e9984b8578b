# xfrm.pm - the kernel's security associations, from what `ip xfrm` prints, in the lab's words.
package xfrm;
use strict;
use warnings;

my %aead = (
    # kernel name => [word before the key size, word after it, size of the salt in bytes]
    'rfc4106(gcm(aes))' => ['aes', 'gcm', 4], 'rfc4309(ccm(aes))' => ['aes', 'ccm', 3],
    'rfc4543(gcm(aes))' => ['aes', 'gmac', 4],
    'rfc7539esp(chacha20,poly1305)' => ['chacha20poly1305', '', 4],
);
my %encryption = (
    'cbc(aes)' => ['aes', '', 0], 'rfc3686(ctr(aes))' => ['aes', 'ctr', 4],
    'ecb(cipher_null)' => ['null', '', 0],
);
my %integrity = (
    'hmac(sha1)' => 'sha1', 'hmac(sha256)' => 'sha256', 'hmac(sha384)' => 'sha384',
    'hmac(sha512)' => 'sha512', 'xcbc(aes)' => 'aesxcbc', 'cmac(aes)' => 'aescmac',
);
use constant {
    BITS_PER_BYTE => 8, DIGITS_PER_BYTE => 2,
    SYS_SYNC => 162, # of x86-64
    LOWEST_PRIORITY => 0xfffffffe,
};

# The word for an algorithm and its key; undefined when there is none.
sub protection_word {
    my ($names, $key, $icv_bits) = @_;
    return undef unless $names;
    my ($before, $after, $salt) = @$names;
    return $before if $before ne 'aes';
    my $bits = (length($key) / DIGITS_PER_BYTE - $salt) * BITS_PER_BYTE;
    my $icv = $icv_bits && $after =~ /^[gc]cm$/ ? $icv_bits / BITS_PER_BYTE : '';
    return "aes$bits$after$icv";
}

sub read_line {
    my ($sa, $line) = @_;
    if ($line =~ /^\s+proto (\S+) spi 0x([0-9a-f]+)\S* reqid (\d+)\S* mode (\S+)/) {
        @$sa{qw(protocol spi reqid mode)} = ($1, $2, $3, $4);
    } elsif ($line =~ /^\s+replay-window \d+ replay (\d+) failed/) {
        $sa->{replayed} = $1;
    } elsif ($line =~ /^\s+replay-window \d+.*\bflag\b(.*)/) {
        $sa->{esn} = 1 if $1 =~ /\besn\b/;
    } elsif ($line =~ /^\s+aead (\S+) 0x([0-9a-f]+)(?: \(\d+ bits\))? (\d+)/) {
        @$sa{qw(encryption key)} = (protection_word($aead{$1}, $2, $3), $2);
    } elsif ($line =~ /^\s+enc (\S+)(?: 0x([0-9a-f]+))?/) {
        @$sa{qw(encryption key)} = (protection_word($encryption{$1}, $2 // ''), $2 // '-');
    } elsif ($line =~ /^\s+auth(?:-trunc)? (\S+) 0x([0-9a-f]+)/) {
        @$sa{qw(integrity integrity_key)} = ($integrity{$1}, $2);
    } elsif ($line =~ /^\s+encap type espinudp sport (\d+) dport (\d+)/) {
        @$sa{qw(encap sport dport)} = (1, $1, $2);
    } elsif ($line =~ /^\s+(\d+)\(bytes\), (\d+)\(packets\)/) {
        @$sa{qw(bytes packets)} = ($1, $2);
    } elsif ($line =~ /^\s+sel src (\S+) dst (\S+)/) {
        @$sa{qw(selector_from selector_to)} = ($1, $2);
    }
}

# Every ESP security association with keys in the text of `ip xfrm state` or `ip xfrm monitor`.
sub read_states {
    my ($text) = @_;
    my @states;
    for my $line (split /\n/, $text) {
        if ($line =~ /^(?:[A-Z]\w+ )?src (\S+) dst (\S+)/) {
            push @states, { src => $1, dst => $2, integrity => '-', integrity_key => '-', esn => 0 };
        } elsif ($line =~ /^\S/) {
            push @states, {}; # something else; its lines belong to nobody
        } elsif (@states) {
            read_line($states[-1], $line);
        }
    }
    return grep { ($_->{protocol} // '') eq 'esp' && defined $_->{encryption} } @states;
}

sub output_of {
    my (@command) = @_;
    open my $pipe, '-|', @command or die "$command[0]: $!\n";
    local $/ = undef;
    my $text = <$pipe> // '';
    close $pipe;
    return $text;
}

# Everything written so far reaches the host's files.
sub flush_files { syscall(SYS_SYNC) }

sub states { return read_states(output_of(qw(ip -s xfrm state))) }

# Lets nothing between the protected networks leave in the clear while there is no CHILD_SA for it:
# the lowest of all priorities, and a selector of its own (by its interface), so that no daemon
# can take it for one of its policies. FILE has lines "local PREFIX" and "remote PREFIX".
sub forbid_clear_text {
    my ($path) = @_;
    my %prefixes = (local => [], remote => []);
    open my $file, '<', $path or return;
    while (<$file>) {
        push @{ $prefixes{$1} }, $2 if /^(local|remote) (\S+)$/;
    }
    close $file;
    open my $pipe, '|-', 'ip -batch - -force >/dev/null 2>&1' or return;
    for my $from (@{ $prefixes{local} }) {
        for my $to (@{ $prefixes{remote} }) {
            next if ($from =~ /:/) != ($to =~ /:/);
            print $pipe "xfrm policy update src $from dst $to dev wan0 dir out action block ",
                "priority ${\LOWEST_PRIORITY}\n";
        }
    }
    close $pipe;
}

# Prints what the lab's esp.keys lists: associations there are now and those there were.
sub print_keys {
    my $history = '';
    if (open my $file, '<', '/run/xfrm.monitor') {
        local $/ = undef;
        $history = <$file> // '';
    }
    my %seen;
    for my $sa (read_states($history), states()) {
        my $line = join ' ', 'ESP', @$sa{qw(src dst)}, sprintf('%08x', hex $sa->{spi}),
            @$sa{qw(encryption key integrity integrity_key esn)};
        print "$line\n" unless !defined $sa->{integrity} || $seen{$line}++;
    }
}

1;
