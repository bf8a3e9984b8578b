#!/usr/bin/perl
# native.pl CONFIG-FOLDER TARGET-FOLDER - finishes the rendered ipsec.conf and ipsec.secrets.
#
# Two things cannot be chosen by a template: how an identity is marked, and that libreswan has one
# word for the integrity algorithm and the PRF of a proposal. Exit code 127 when the two differ.
use strict;
use warnings;

my ($from, $to) = @ARGV;
use constant UNSUPPORTED => 127;
my %mark = (fqdn => '@', email => '', ipv4 => '', ipv6 => '');

sub one_word {
    my ($integrity, $prf) = @_;
    return $prf if $integrity eq $prf;
    print STDERR "libreswan has one word for integrity and PRF: not $integrity with $prf\n";
    exit UNSUPPORTED;
}

umask 077;
for my $name (qw(ipsec.conf ipsec.secrets)) {
    open my $source, '<', "$from/$name" or die "$from/$name: $!\n";
    open my $target, '>', "$to/$name.new" or die "$to/$name: $!\n";
    while (my $line = <$source>) {
        if ($line !~ /^\s*#/) {
            $line =~ s/\b(fqdn|email|ipv4|ipv6)=/$mark{$1}/g;
            $line =~ s/([a-z0-9_]+):([a-z0-9_]+)/one_word($1, $2)/ge if $line =~ /^\s*ike=/;
        }
        print $target $line;
    }
    close $target or die "$to/$name: $!\n";
    rename "$to/$name.new", "$to/$name" or die "$to/$name: $!\n";
}
