# guest.pl - libreswan's pluto under the guest's own kernel; see ../uml/agent.pl.
use strict;
use warnings;
use json;
use xfrm;

BEGIN { unshift @INC, '/ikelab/peer' }
use tap;

use constant { READY_SECONDS => 10, PATIENCE_SECONDS => 8, STEP_SECONDS => 0.05 };

my ($connection, $child) = @ENV{qw(IKELAB_CONNECTION IKELAB_CHILD)};
my $tap_file = '/run/pluto/tap';
my $names_file = '/run/pluto/names'; # IKE SAs by pluto's number, as they were first seen

sub prepare {
    mkdir '/run/pluto', 0755;
    # A data base with nothing in it, made when the packages were fetched.
    system(qw(cp -R /usr/share/ikelab/nss /run/nss)) == 0 or die "no NSS data base\n";
}

# --- whack ----------------------------------------------------------------------------------

my @whack = qw(/usr/libexec/ipsec/whack --rundir /run/pluto);

# What pluto says, without its line numbers.
sub ask {
    my $said = xfrm::output_of('sh', '-c', 'exec "$@" 2>&1', 'sh', @whack, @_);
    return map { s/^\d{3} //r } split /\n/, $said;
}

# Lets pluto do something and waits for the outcome, but not for ever: then pluto goes on alone and
# the caller learns the rest from `status`.
sub act {
    my (@arguments) = @_;
    my $process = open(my $pipe, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @whack, @arguments)
        or die "whack: $!\n";
    my ($last, $refusal) = ('');
    local $SIG{ALRM} = sub { kill TERM => $process };
    alarm PATIENCE_SECONDS;
    while (my $line = <$pipe>) {
        chomp($last = $line) if $line =~ /\S/;
        # pluto does not believe it and repeats its request, as RFC 7296, section 2.21.1, allows.
        $refusal = $1 if $line =~ /containing (\w+) notification/;
    }
    close $pipe;
    alarm 0;
    die "$last\n" if $? >> 8;
    die "the peer refused with $refusal\n" if $? && defined $refusal;
}

sub ready {
    my $deadline = time + READY_SECONDS;
    until (grep { /^"\Q$connection\E": +(?:un)?oriented;/ } ask('--status')) {
        die "pluto did not load the connection in time\n" if time >= $deadline;
        select undef, undef, undef, STEP_SECONDS;
    }
}

# --- SA state -------------------------------------------------------------------------------

my %ike_states = (
    V2_ESTABLISHED_IKE_SA => 'established', V2_IKE_SA_DELETE => 'deleting',
    map { ("V2_PARENT_$_" => 'connecting') } qw(I1 I2 R0 R1 R_EAP),
);

# What `whack --status` says: connections by name, states by number. An SPI with an IPv6 address
# follows "esp:", one with an IPv4 address "esp.".
sub read_status {
    my (%connections, %states);
    for (ask('--status')) {
        if (/^("[^"]+"(?:\[\d+\])?): (\S+)\.\.\.(\S+); /) {
            @{ $connections{$1} }{qw(left right)} = ($2, $3);
        } elsif (/^("[^"]+"(?:\[\d+\])?): +(IKEv2|ESP) algorithm newest: ([^\s;]+)/) {
            $connections{$1}{$2} = $3;
        } elsif (/^#(\d+): ("[^"]+"(?:\[\d+\])?)\S* (?:\S+:(\d+) )?STATE_(\w+) .*?(?:IKE SA #(\d+);|$)/) {
            @{ $states{$1} }{qw(number connection port state parent)} = ($1, $2, $3, $4, $5);
        } elsif (/^#(\d+): .* esp[.:]([0-9a-f]+)@(\S+) esp[.:]([0-9a-f]+)@(\S+) /) {
            @{ $states{$1} }{qw(spi_out remote spi_in local)} =
                (sprintf('%08x', hex $2), $3, sprintf('%08x', hex $4), $5);
        }
    }
    return (\%connections, \%states);
}

# "203.0.113.0/26===192.0.2.1[@west.example.test]", either way round: address, identity, selector.
sub read_end {
    my ($text) = @_;
    my ($host) = grep { !m{/} || /\[/ } split /===/, $text;
    my ($selector) = grep { m{/} && !/\[/ } split /===/, $text;
    my ($address, $id) = $host =~ /^([^<\[]+)(?:<[^>]*>)?(?:\[([^,\]]*).*\])?/;
    ($id //= $address) =~ s/^@//;
    $selector = $selector ? $selector =~ s{^([^/]+/\d+).*}{$1}r
        : $address . ($address =~ /:/ ? '/128' : '/32');
    return { address => $address, id => $id, selector => $selector };
}

# Gives each of pluto's IKE SAs, by number, what the tap knows of it. pluto does not tell SPIs, but
# numbers its SAs in the order in which they came to be; who was named once keeps the name.
sub name_ike_sas {
    my (@numbers) = @_;
    my @tapped = tap::read_sas($tap_file);
    my (%named, %is_taken);
    if (open my $file, '<', $names_file) {
        %named = map { split ' ' } <$file>;
    }
    my %by_spi = map { ($_->{spi_i} => $_) } @tapped;
    $is_taken{$_} = 1 for values %named;
    my @free = grep { !$is_taken{ $_->{spi_i} } } @tapped;
    for my $number (sort { $b <=> $a } grep { !$named{$_} } @numbers) {
        my $sa = pop @free or last;
        $named{$number} = $sa->{spi_i};
    }
    if (open my $file, '>', $names_file) {
        print $file map { "$_ $named{$_}\n" } keys %named;
        close $file;
    }
    return map { ($_ => $by_spi{ $named{$_} // '' }) } @numbers;
}

my %algorithms = (
    HMAC_SHA2_256 => 'prfsha256', HMAC_SHA2_384 => 'prfsha384', HMAC_SHA2_512 => 'prfsha512',
    HMAC_SHA1 => 'prfsha1', DH19 => 'ecp256', DH20 => 'ecp384', DH21 => 'ecp521',
    DH31 => 'x25519', CHACHA20_POLY1305 => 'chacha20poly1305',
    map { ("MODP$_" => "modp$_") } 2048, 3072, 4096, 6144, 8192,
);

# "AES_CBC_128-HMAC_SHA2_256-DH31" in our words. One hash stands for the integrity algorithm too.
sub ike_suite {
    my ($encryption, $prf, $group) = split /-/, $_[0] // return undef;
    my @words = ($algorithms{$encryption}, @algorithms{ $prf // '', $group // '' });
    if ($encryption =~ /^AES_(GCM|CCM)_(\d+)_(\d+)$/) {
        $words[0] = "aes$3" . lc($1) . $2;
    } elsif ($encryption =~ /^AES_CBC_(\d+)$/) {
        splice @words, 0, 1, "aes$1", ($words[1] // '') =~ s/^prf//r;
    }
    return (grep { !defined || !length } @words) ? undef : join '-', @words;
}

sub child_json {
    my ($state, $ends, $kernel) = @_;
    my ($in, $out) = @$kernel{ @$state{qw(spi_in spi_out)} };
    my $suite = $in && join '-', grep { $_ ne '-' } @$in{qw(encryption integrity)};
    return json::object(
        child => json::text($child), spi_in => json::text($state->{spi_in}),
        spi_out => json::text($state->{spi_out}), mode => json::text($in->{mode} // 'tunnel'),
        encap => json::truth($in->{encap} // 0),
        ts_l => json::list(json::text($ends->[0]{selector})),
        ts_r => json::list(json::text($ends->[1]{selector})),
        suite => json::text($suite), esn => json::truth($in->{esn} // 0),
        packets_in => json::number($in->{packets}), bytes_in => json::number($in->{bytes}),
        packets_out => json::number($out->{packets}), bytes_out => json::number($out->{bytes}),
        replayed => json::number($in->{replayed}));
}

sub status {
    my ($connections, $states) = read_status();
    my %kernel = map { (sprintf('%08x', hex $_->{spi}) => $_) } xfrm::states();
    my @ike = grep { $ike_states{ $states->{$_}{state} // '' } } sort { $a <=> $b } keys %$states;
    my %tapped = name_ike_sas(@ike);
    my @sas;
    for my $number (@ike) {
        my ($state, $tapped) = ($states->{$number}, $tapped{$number});
        my $told = $connections->{ $state->{connection} };
        next unless $tapped && $told && $told->{left};
        my $ends = [map { read_end($_) } @$told{qw(left right)}];
        my @children = grep {
            ($_->{parent} // 0) == $number && $_->{spi_in} && $_->{state} eq 'V2_ESTABLISHED_CHILD_SA'
        } map { $states->{$_} } sort { $a <=> $b } keys %$states;
        my $port = $state->{port};
        push @sas, json::object(
            connection => json::text($connection),
            spi_i => json::text($tapped->{spi_i}), spi_r => json::text($tapped->{spi_r}),
            state => json::text($ike_states{ $state->{state} }), role => json::text($tapped->{role}),
            suite => json::text(ike_suite($told->{IKEv2})),
            remote => json::endpoint($ends->[1]{address}, $port),
            local_id => json::text($ends->[0]{id}), remote_id => json::text($ends->[1]{id}),
            children => json::list(map { child_json($_, $ends, \%kernel) } @children));
    }
    print json::object(ike => json::list(@sas)), "\n";
}

# --- actions --------------------------------------------------------------------------------

sub down {
    my ($what) = @_;
    return act('--name', $connection, '--terminate') if $what eq 'ike';
    my (undef, $states) = read_status();
    my @children = grep { $states->{$_}{spi_in} } sort { $a <=> $b } keys %$states;
    die "there is no CHILD_SA\n" unless @children;
    act('--deletestate', $_) for @children;
}

# Only begins: pluto does one exchange and goes on alone.
sub rekey {
    my ($option) = @_;
    my (undef, $states) = read_status();
    die "there is no SA to rekey\n" unless %$states;
    act('--asynchronous', $option, '--name', $connection);
}

sub keys_known {
    xfrm::flush_files();
    xfrm::print_keys();
    my @lines = grep { defined } map { tap::key_line($_) } tap::read_sas($tap_file);
    print map { "$_\n" } @lines;
}

return {
    prepare => \&prepare,
    daemon => ['env', 'LD_PRELOAD=/usr/share/ikelab/pluto_tap.so', "PLUTO_TAP=$tap_file",
        '/usr/libexec/ipsec/pluto', '--nofork', '--rundir', '/run/pluto', '--config',
        "$ENV{IKELAB_DIR}/given/ipsec.conf"],
    operations => {
        ready => \&ready,
        up => sub { act('--name', $connection, '--initiate') },
        down => \&down,
        'rekey-child' => sub { rekey('--rekey-ipsec') },
        'rekey-ike' => sub { rekey('--rekey-ike') },
        status => \&status,
        keys => \&keys_known,
    },
};
