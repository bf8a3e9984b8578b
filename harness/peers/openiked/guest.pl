# guest.pl - OpenIKED's iked under the guest's own kernel; see ../uml/agent.pl.
use strict;
use warnings;
use json;
use xfrm;

use constant {
    READY_SECONDS => 10, PATIENCE_SECONDS => 8, DOWN_SECONDS => 5, STEP_SECONDS => 0.1,
    USER_ID => 65533, SALT_SIZE => 4, BITS_PER_BYTE => 8,
};

my ($connection, $child) = @ENV{qw(IKELAB_CONNECTION IKELAB_CHILD)};
my $config = "$ENV{IKELAB_DIR}/given/iked.conf"; # its policy only answers
my $active = '/run/iked.active.conf';             # the same, and begins by itself
my $log = "$ENV{IKELAB_DIR}/logs/daemon.out";

sub read_text {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!\n";
    local $/ = undef;
    return <$file>;
}

sub append_text {
    my ($path, $text) = @_;
    open my $file, '>>', $path or die "$path: $!\n";
    print $file $text;
    close $file or die "$path: $!\n";
}

sub prepare {
    append_text('/etc/passwd', sprintf("_iked:x:%d:%d::/run/empty:/usr/sbin/nologin\n",
        USER_ID, USER_ID));
    append_text('/etc/group', sprintf("_iked:x:%d:\n", USER_ID));
    mkdir $_ for '/run/empty', '/etc/iked', '/etc/iked/private';
    system(qw(cp /usr/share/ikelab/local.key /etc/iked/private/)) == 0
        && system(qw(cp /usr/share/ikelab/local.pub /etc/iked/)) == 0 or die "no key pair\n";
    (my $text = read_text($config)) =~ s/^(ikev2 "[^"]*") passive /$1 active /m
        or die "iked.conf has no passive policy\n";
    append_text($active, $text);
}

sub ikectl {
    my $said = xfrm::output_of('sh', '-c', 'exec ikectl "$@" 2>&1', 'sh', @_);
    die $said =~ /(.+)/ ? "$1\n" : "ikectl ended with code $?\n" if $?;
    return $said;
}

# Waits until the condition gives a true value, which is returned; undefined when time is over.
sub wait_until {
    my ($seconds, $condition) = @_;
    my $deadline = time + $seconds;
    for (;;) {
        my $value = $condition->();
        return $value if $value;
        return undef if time >= $deadline;
        select undef, undef, undef, STEP_SECONDS;
    }
}

sub ready {
    # iked answers before it has read its policy; half-open SAs do not survive that.
    wait_until(READY_SECONDS, sub {
        -S '/var/run/iked.sock' && read_text($log) =~ /^config_getstatic: nattport/m
            && eval { ikectl(qw(show sa)); 1 };
    }) or die "iked did not become ready in time\n";
}

# --- SA state -------------------------------------------------------------------------------

my %ike_states = (
    map({ ($_ => 'connecting') } qw(INIT COOKIE SA_INIT EAP EAP_VALID AUTH_REQUEST AUTH_SUCCESS VALID)),
    ESTABLISHED => 'established', CLOSING => 'deleting', CLOSED => 'deleting',
);

# What `ikectl show sa` says, one hash per IKE SA.
sub read_sas {
    my @sas;
    for (split /\n/, ikectl(qw(show sa))) {
        if (/^iked_sas: (\S+) rspi 0x([0-9a-f]+) ispi 0x([0-9a-f]+) (\S+)->(\S+)<([^>]*)>\[[^\]]*\] (\S+) ([ir])(.*)/) {
            push @sas, { spi_r => $2, spi_i => $3, local => $4, remote => $5, remote_id => $6,
                state => $7, role => $8 eq 'i' ? 'initiator' : 'responder', rest => $9,
                children => [], flows => [] };
        } elsif (@sas && /^\s+sa_childsas: \S+ ESP 0x([0-9a-f]+) (in|out) /) {
            push @{ $sas[-1]{children} }, [sprintf('%08x', hex $1), $2];
        } elsif (@sas && /^\s+sa_flows: \S+ ESP (in|out) (\S+) -> (\S+) /) {
            push @{ $sas[-1]{flows} }, [$1, $2, $3];
        }
    }
    return @sas;
}

# "FQDN/east.example.test"
sub identity { return $_[0] =~ m{^[A-Z0-9_]+/(.+)$} ? json::text($1) : undef }

# iked lists the SAs of both directions in the order in which they were made, in pairs.
sub child_json {
    my ($sa, $in, $out, $kernel) = @_;
    my ($arriving, $leaving) = @$kernel{ $in, $out };
    my %seen;
    # On Linux there are also `out` flows in the wrong direction: they stand for forwarding.
    my @flows = grep { $_->[0] eq 'in' } @{ $sa->{flows} };
    my @local = grep { !$seen{"l$_"}++ } map { $_->[2] } @flows;
    my @remote = grep { !$seen{"r$_"}++ } map { $_->[1] } @flows;
    my $suite = $arriving && join '-', grep { $_ ne '-' } @$arriving{qw(encryption integrity)};
    return json::object(
        child => json::text($child), spi_in => json::text($in), spi_out => json::text($out),
        mode => json::text($arriving->{mode} // 'tunnel'),
        encap => json::truth($arriving->{encap} // 0),
        ts_l => json::list(map { json::text($_) } @local),
        ts_r => json::list(map { json::text($_) } @remote),
        suite => json::text($suite), esn => json::truth($arriving->{esn} // 0),
        packets_in => json::number($arriving->{packets}),
        bytes_in => json::number($arriving->{bytes}),
        packets_out => json::number($leaving->{packets}),
        bytes_out => json::number($leaving->{bytes}),
        replayed => json::number($arriving->{replayed}));
}

sub children_json {
    my ($sa, $kernel) = @_;
    my @in = map { $_->[0] } grep { $_->[1] eq 'in' } @{ $sa->{children} };
    my @out = map { $_->[0] } grep { $_->[1] eq 'out' } @{ $sa->{children} };
    return map { child_json($sa, $in[$_], $out[$_], $kernel) } 0 .. ($#in < $#out ? $#in : $#out);
}

sub endpoint { return $_[0] =~ /^(.+):(\d+)$/ ? json::endpoint($1 =~ s/[\[\]]//gr, $2) : undef }

sub status {
    my %kernel = map { (sprintf('%08x', hex $_->{spi}) => $_) } xfrm::states();
    my @sas;
    for my $sa (read_sas()) {
        push @sas, json::object(
            connection => json::text($connection),
            spi_i => json::text(sprintf '%016s', $sa->{spi_i}),
            spi_r => json::text(sprintf '%016s', $sa->{spi_r}),
            state => json::text($ike_states{ $sa->{state} } // 'deleting'),
            role => json::text($sa->{role}),
            local => endpoint($sa->{local}), remote => endpoint($sa->{remote}),
            remote_id => identity($sa->{remote_id}),
            children => json::list(children_json($sa, \%kernel)));
    }
    print json::object(ike => json::list(@sas)), "\n";
}

# --- actions --------------------------------------------------------------------------------

# An active policy begins as soon as it is loaded. A try that has neither failed nor succeeded in
# time goes on alone.
sub up {
    my $is_begun = 0;
    ikectl('load', $active);
    my $outcome = wait_until(PATIENCE_SECONDS, sub {
        my @sas = grep { $_->{state} !~ /^CLOS/ } read_sas();
        return 'up' if grep { $_->{state} eq 'ESTABLISHED' } @sas;
        return 'refused' if $is_begun && !@sas;
        $is_begun ||= @sas > 0;
        return undef;
    }) // 'open';
    die "the IKE SA was not established\n" if $outcome eq 'refused' || !$is_begun && $outcome ne 'up';
}

# An active policy would begin again.
sub down {
    my @sas = grep { $_->{state} eq 'ESTABLISHED' } read_sas();
    die "there is no IKE SA\n" unless @sas;
    ikectl('load', $config);
    my %seen;
    ikectl('reset', 'id', $_) for grep { !$seen{$_}++ } map { $_->{remote_id} } @sas;
}

# --- keys -----------------------------------------------------------------------------------

my %integrity = (20 => 'sha1', 32 => 'sha256', 48 => 'sha384', 64 => 'sha512');

# One line of ike.keys. The sizes tell the algorithms: without SK_ai it is AES-GCM with its salt.
sub key_line {
    my ($keys) = @_;
    my ($spi_i, $spi_r) = ($keys->{S} // '') =~ /(.{16})(.{16})$/ or return;
    return unless $keys->{SK_ei} && $keys->{SK_er};
    my $size = length($keys->{SK_ei}) / 2;
    my ($encryption, @protection) = ('', '-', '-', '-');
    if (defined $keys->{SK_ai}) {
        $encryption = 'aes' . $size * BITS_PER_BYTE;
        my $word = $integrity{ length($keys->{SK_ai}) / 2 } or return;
        @protection = ($word, @$keys{qw(SK_ai SK_ar)});
    } else {
        $encryption = 'aes' . ($size - SALT_SIZE) * BITS_PER_BYTE . 'gcm16';
    }
    return join ' ', 'IKE', $spi_i, $spi_r, 0, 0, 0, $encryption, @$keys{qw(SK_ei SK_er)}, @protection;
}

# iked prints them when it is started with -vvv: a name and size, then lines of hexadecimal words.
sub ike_keys {
    my (@lines, %keys, $name);
    open my $file, '<', $log or return;
    while (my $line = <$file>) {
        if ($line =~ /ikev2_sa_keys: (\w+) with \d+ bytes/) {
            $name = $1;
            %keys = () if $name eq 'DHSECRET' || $name eq 'S';
            $keys{$name} = '';
        } elsif (defined $name && $line =~ /^(?:[0-9a-f]{2,8}(?: |$))+\s*$/) {
            $keys{$name} .= $line =~ s/\s//gr;
        } else {
            push @lines, key_line(\%keys) if ($name // '') eq 'SK_pr';
            $name = undef;
        }
    }
    push @lines, key_line(\%keys) if ($name // '') eq 'SK_pr';
    return @lines;
}

sub keys_known {
    xfrm::flush_files();
    xfrm::print_keys();
    print map { "$_\n" } ike_keys();
}

return {
    prepare => \&prepare,
    daemon => ['/usr/sbin/iked', '-d', '-vvv', '-f', $config],
    operations => {
        ready => \&ready, up => \&up, down => \&down, status => \&status, keys => \&keys_known,
    },
};
