#!/usr/bin/perl
# keys.pl DIR - reads charon's debug log DIR/charon-keys.log and appends the keys found there,
# those not yet listed, to DIR/ike.keys and DIR/esp.keys (format: docs/LAB.md, "Keys").
#
# charon logs by thread. One thread checks an IKE_SA out, derives keys (as responder only when
# IKE_AUTH arrives), and names the SPIs afterwards: of an IKE_SA when it checks it in, of a
# CHILD_SA when it installs it. Who started the exchange says to which direction the "initiator"
# key belongs.
use strict;
use warnings;

BEGIN {
    my ($here) = $0 =~ m{^(.*/)};
    unshift @INC, $here // '.';
}
use words;

my ($directory) = @ARGV;
my %thread;       # per thread: what was seen since it last checked out an IKE_SA
my %dump;         # per thread: the dump being read
my %ike_proposal; # per IKE_SA number, as in <tunnel|3>
my %is_done;      # IKE SPIs whose keys were found
my (@ike, @esp);

# Keys whose SPIs are known now. While an IKE_SA is rekeyed its new one is checked in first.
sub finish_ike {
    my ($state, $spi_i, $spi_r) = @_;
    return if $spi_r =~ /^0+$/ || $is_done{"$spi_i $spi_r"};
    my $keys = delete $state->{ike_keys} or return;
    return unless $keys->{ei} && $keys->{er};
    my $proposal = $state->{ike_proposal} // $ike_proposal{ $state->{number} } // '';
    my ($encryption, $integrity) = words::protection_of_proposal($proposal);
    return unless defined $encryption;
    $is_done{"$spi_i $spi_r"} = 1;
    push @ike, join(' ', 'IKE', $spi_i, $spi_r, 0, 0, 0, $encryption, $keys->{ei}, $keys->{er},
        $integrity, $keys->{ai} // '-', $keys->{ar} // '-');
}

# One direction of a CHILD_SA. `is_ours` is whether we send on it.
sub finish_esp {
    my ($state, $spi, $source, $destination, $is_ours) = @_;
    my $keys = $state->{esp_keys} or return;
    my $sender = $is_ours == ($state->{is_initiator} // 0) ? 'i' : 'r';
    my ($encryption, $integrity) = words::protection_of_proposal($state->{esp_proposal} // '');
    return unless defined $encryption && defined $keys->{"e$sender"};
    push @esp, join(' ', 'ESP', $source, $destination, $spi, $encryption, $keys->{"e$sender"},
        $integrity, $keys->{"a$sender"} // '-', $state->{has_esn} ? 1 : 0);
}

my %dump_names = (
    'Sk_ei secret' => ['ike_keys', 'ei'], 'Sk_er secret' => ['ike_keys', 'er'],
    'Sk_ai secret' => ['ike_keys', 'ai'], 'Sk_ar secret' => ['ike_keys', 'ar'],
    'encryption initiator key' => ['esp_keys', 'ei'],
    'encryption responder key' => ['esp_keys', 'er'],
    'integrity initiator key' => ['esp_keys', 'ai'],
    'integrity responder key' => ['esp_keys', 'ar'],
);

sub read_dump {
    my ($state, $target, $digits) = @_;
    (my $bytes = lc $digits) =~ tr/ //d;
    $state->{ $target->[0] }{ $target->[1] } .= $bytes;
}

sub read_line {
    my ($thread, $sa, $text) = @_;
    my $state = $thread{$thread} //= {};
    if ($text =~ /^ *\d+: ((?:[0-9A-F]{2} ){1,16})/) {
        read_dump($state, $dump{$thread}, $1) if $dump{$thread};
        return;
    }
    delete $dump{$thread};
    if ($text =~ /^checkout IKEv2 SA/) {
        %$state = ();
    } elsif ($text =~ /^(.*) => \d+ bytes @/) {
        my $target = $dump_names{$1} or return;
        delete $state->{esp_keys} if $1 eq 'encryption initiator key';
        $state->{ $target->[0] }{ $target->[1] } = '';
        $state->{number} = $sa if $target->[0] eq 'ike_keys';
        $dump{$thread} = $target;
    } elsif ($text =~ /^parsed \S+ (request|response) \d+/) {
        $state->{is_initiator} = $1 eq 'response' ? 1 : 0;
    } elsif ($text =~ m{^selected proposal: IKE:(\S+)}) {
        $ike_proposal{$sa} = $state->{ike_proposal} = $1;
    } elsif ($text =~ m{^selected proposal: ESP:(\S+)}) {
        $state->{esp_proposal} = $1;
        $state->{has_esn} = $1 =~ m{(^|/)EXT_SEQ};
    } elsif ($text =~ /^checkin IKEv2 SA \S+ with SPIs ([0-9a-f]+)_i ([0-9a-f]+)_r/) {
        finish_ike($state, $1, $2);
    } elsif ($text =~ /^(adding inbound|adding outbound|registering outbound) ESP SA/) {
        $state->{is_outbound} = $1 =~ /outbound/ ? 1 : 0;
    } elsif ($text =~ /^ *SPI 0x([0-9a-f]+), src (\S+) dst (\S+)/) {
        finish_esp($state, $1, $2, $3, $state->{is_outbound});
    }
}

# Appends the lines a file does not have yet.
sub append {
    my ($path, @lines) = @_;
    my %known;
    if (open my $old, '<', $path) {
        chomp, $known{$_} = 1 while <$old>;
        close $old;
    }
    open my $file, '>>', $path or die "$path: $!\n";
    print $file map { "$_\n" } grep { !$known{$_}++ } @lines;
    close $file or die "$path: $!\n";
}

umask 0077;
open my $log, '<', "$directory/charon-keys.log" or die "$directory/charon-keys.log: $!\n";
while (my $line = <$log>) {
    # "07[IKE] <tunnel|1> text"; before the connection is known "07[IKE] <1> text"
    read_line($1, $2 // 0, $3) if $line =~ /^(\d+)\[[A-Z]+\] (?:<(?:[^>]*\|)?(\d+)> )?(.*)$/;
}
close $log;
append("$directory/ike.keys", @ike);
append("$directory/esp.keys", @esp);
