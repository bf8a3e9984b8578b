#!/usr/bin/perl
# native.pl CONFIG-FOLDER TARGET-FOLDER - finishes the rendered ipsec.conf and ipsec.secrets.
#
# Three things cannot be chosen by a template: how an identity is marked, that libreswan has one
# word for the integrity algorithm and the PRF of a proposal (exit code 127 when the two differ),
# and whether pluto rekeys.
use strict;
use warnings;

my ($from, $to) = @ARGV;
use constant UNSUPPORTED => 127;
use constant LONG_LIFE_S => 600;
my %mark = (fqdn => '@', email => '', ipv4 => '', ipv6 => '');

sub one_word {
    my ($integrity, $prf) = @_;
    return $prf if $integrity eq $prf;
    print STDERR "libreswan has one word for integrity and PRF: not $integrity with $prf\n";
    exit UNSUPPORTED;
}

# With rekey=yes pluto also brings a connection up again that the other side has deleted. So it is
# asked for only where a lifetime may end within a scenario.
sub rekey_line {
    my ($text) = @_;
    my @lives = $text =~ /^\s*(?:ikelifetime|salifetime)=(\d+)s/mg;
    return '    rekey=' . ((grep { $_ < LONG_LIFE_S } @lives) ? 'yes' : 'no') . "\n";
}

sub read_text {
    my ($path) = @_;
    open my $source, '<', $path or die "$path: $!\n";
    local $/ = undef;
    return <$source>;
}

umask 077;
for my $name (qw(ipsec.conf ipsec.secrets)) {
    my $text = read_text("$from/$name");
    open my $target, '>', "$to/$name.new" or die "$to/$name: $!\n";
    for my $line (split /^/, $text) {
        if ($line !~ /^\s*#/) {
            $line =~ s/\b(fqdn|email|ipv4|ipv6)=/$mark{$1}/g;
            $line =~ s/([a-z0-9_]+):([a-z0-9_]+)/one_word($1, $2)/ge if $line =~ /^\s*ike=/;
        }
        print $target $line;
    }
    print $target rekey_line($text) if $name eq 'ipsec.conf';
    close $target or die "$to/$name: $!\n";
    rename "$to/$name.new", "$to/$name" or die "$to/$name: $!\n";
}
