#!/usr/bin/perl
# vici.pl SOCKET OPERATION [NAME...] - one exchange with charon over its control protocol (vici).
#
# A packet is a 32-bit length, a type, for requests and events a name, and a message: sections,
# lists and key/value pairs, each with a type byte. Only modules of perl-base are used.
use strict;
use warnings;
use Socket;

BEGIN {
    my ($here) = $0 =~ m{^(.*/)};
    unshift @INC, $here // '.';
}
use words;

use constant {
    CMD_REQUEST => 0, CMD_RESPONSE => 1, EVENT_REGISTER => 3, EVENT_CONFIRM => 5, EVENT => 7,
    SECTION_START => 1, SECTION_END => 2, KEY_VALUE => 3, LIST_START => 4, LIST_ITEM => 5,
    LIST_END => 6,
    LONGEST_PACKET => 512 * 1024,
    # How long `up` and `down` wait for the outcome. Afterwards charon goes on alone and the
    # caller learns the rest from `status`.
    PATIENCE_MS => 8000,
};

my ($path, $operation, @names) = @ARGV;
my $socket;
socket($socket, PF_UNIX, SOCK_STREAM, 0) && connect($socket, pack_sockaddr_un($path))
    or fail("charon's control socket: $!");

sub fail {
    my ($sentence) = @_;
    $sentence =~ s/\s+/ /g;
    print STDERR "$sentence\n";
    exit 1;
}

# --- packets --------------------------------------------------------------------------------

sub send_packet {
    my ($type, $name, %pairs) = @_;
    my $packet = pack('C C/a', $type, $name);
    $packet .= pack('C C/a n/a', KEY_VALUE, $_, $pairs{$_}) for sort keys %pairs;
    syswrite($socket, pack('N/a', $packet)) or fail("charon's control socket: $!");
}

sub read_exactly {
    my ($size) = @_;
    my $bytes = '';
    while (length($bytes) < $size) {
        my $got = sysread($socket, $bytes, $size - length($bytes), length($bytes));
        fail('charon closed its control socket') unless $got;
    }
    return $bytes;
}

# Gives type and message bytes; the name of an event is dropped.
sub receive_packet {
    my $size = unpack('N', read_exactly(4));
    fail('charon sent a packet of a wrong size') if $size < 1 || $size > LONGEST_PACKET;
    my ($type, $rest) = unpack('C a*', read_exactly($size));
    (undef, $rest) = unpack('C/a a*', $rest) if $type == EVENT;
    return ($type, $rest);
}

# A section as a hash: values are texts, lists are array references, sections are hashes.
# '' holds the sections' names in their order.
sub parse_message {
    my ($bytes) = @_;
    my @open = ({ '' => [] });
    my $list;
    while (length $bytes) {
        my $element = unpack('C', $bytes);
        $bytes = substr($bytes, 1);
        my ($name, $value);
        if ($element == SECTION_START) {
            ($name, $bytes) = unpack('C/a a*', $bytes);
            push @{ $open[-1]{''} }, $name;
            push @open, $open[-1]{$name} = { '' => [] };
        } elsif ($element == SECTION_END) {
            pop @open;
        } elsif ($element == KEY_VALUE) {
            ($name, $value, $bytes) = unpack('C/a n/a a*', $bytes);
            $open[-1]{$name} = $value;
        } elsif ($element == LIST_START) {
            ($name, $bytes) = unpack('C/a a*', $bytes);
            $list = $open[-1]{$name} = [];
        } elsif ($element == LIST_ITEM) {
            ($value, $bytes) = unpack('n/a a*', $bytes);
            push @$list, $value;
        } elsif ($element != LIST_END) {
            fail("charon sent an unknown element $element");
        }
        fail('charon sent a message that is not well formed') unless @open;
    }
    return $open[0];
}

sub request {
    my ($command, %pairs) = @_;
    send_packet(CMD_REQUEST, $command, %pairs);
    my ($type, $message) = receive_packet();
    fail("charon knows no command '$command'") if $type != CMD_RESPONSE;
    return parse_message($message);
}

# --- SA state -------------------------------------------------------------------------------

# Every IKE_SA as [connection, hash].
sub list_sas {
    my @sas;
    send_packet(EVENT_REGISTER, 'list-sa');
    my ($type) = receive_packet();
    fail('charon knows no event list-sa') if $type != EVENT_CONFIRM;
    send_packet(CMD_REQUEST, 'list-sas');
    for (;;) {
        ($type, my $message) = receive_packet();
        last if $type == CMD_RESPONSE;
        my $event = parse_message($message);
        push @sas, map { [$_, $event->{$_}] } @{ $event->{''} };
    }
    return @sas;
}

sub json_text {
    my ($text) = @_;
    $text =~ s/([\\"])/\\$1/g;
    $text =~ s/([\x00-\x1f])/sprintf('\\u%04x', ord $1)/ge;
    return qq("$text");
}

sub json_list { return '[' . join(', ', @_) . ']' }

# Pairs of name and JSON text; those without a value are left out.
sub json_object {
    my @members;
    while (my ($name, $value) = splice @_, 0, 2) {
        push @members, json_text($name) . ': ' . $value if defined $value;
    }
    return '{' . join(', ', @members) . '}';
}

sub json_number { return defined $_[0] ? $_[0] + 0 : undef }
sub json_bool { return ($_[0] // 'no') eq 'yes' ? 'true' : 'false' }

sub endpoint {
    my ($host, $port) = @_;
    return undef unless defined $host && defined $port && $host !~ /^%/;
    return json_text($host =~ /:/ ? "[$host]:$port" : "$host:$port");
}

sub suite {
    my ($sa, $is_ike) = @_;
    return undef unless defined $sa->{'encr-alg'};
    my @words = (words::encryption($sa->{'encr-alg'}, $sa->{'encr-keysize'}));
    push @words, words::other($sa->{'integ-alg'}) if defined $sa->{'integ-alg'};
    push @words, map { words::other($sa->{$_} // '') } 'prf-alg', 'dh-group' if $is_ike;
    return (grep { !defined } @words) ? undef : json_text(join '-', @words);
}

# Selectors of one host have no length in charon's answer.
sub selectors {
    my ($list) = @_;
    return json_list(map { json_text($_) } @{ $list // [] });
}

my %ike_states = (
    CREATED => 'connecting', CONNECTING => 'connecting', ESTABLISHED => 'established',
    REKEYING => 'rekeying', REKEYED => 'deleting', DELETING => 'deleting',
    DESTROYING => 'deleting',
);
# A CHILD_SA counts while packets to it are still decrypted.
my %installed = map { $_ => 1 } qw(INSTALLED UPDATING REKEYING REKEYED);

sub child_json {
    my ($child) = @_;
    return json_object(
        child => json_text($child->{name}),
        spi_in => json_text($child->{'spi-in'}), spi_out => json_text($child->{'spi-out'}),
        mode => json_text(lc $child->{mode}), encap => json_bool($child->{encap}),
        ts_l => selectors($child->{'local-ts'}), ts_r => selectors($child->{'remote-ts'}),
        suite => suite($child, 0), esn => json_bool(($child->{esn} // '') eq '1' ? 'yes' : 'no'),
        map { my $name = $_; (my $key = $name) =~ tr/_/-/; $name => json_number($child->{$key}) }
            qw(packets_in bytes_in packets_out bytes_out));
}

sub ike_json {
    my ($connection, $sa) = @_;
    my $children = $sa->{'child-sas'} // { '' => [] };
    my @installed = grep { $installed{ $_->{state} } } map { $children->{$_} } @{ $children->{''} };
    return json_object(
        connection => json_text($connection),
        spi_i => json_text($sa->{'initiator-spi'}), spi_r => json_text($sa->{'responder-spi'}),
        state => json_text($ike_states{ $sa->{state} } // 'deleting'),
        role => json_text(($sa->{initiator} // 'no') eq 'yes' ? 'initiator' : 'responder'),
        nat_local => json_bool($sa->{'nat-local'}), nat_remote => json_bool($sa->{'nat-remote'}),
        suite => suite($sa, 1),
        local => endpoint($sa->{'local-host'}, $sa->{'local-port'}),
        remote => endpoint($sa->{'remote-host'}, $sa->{'remote-port'}),
        local_id => identity($sa->{'local-id'}), remote_id => identity($sa->{'remote-id'}),
        established_s => json_number($sa->{established}),
        children => json_list(map { child_json($_) } @installed));
}

sub identity { return defined $_[0] && $_[0] ne '%any' && $_[0] ne '' ? json_text($_[0]) : undef }

sub status {
    my @sas = map { ike_json(@$_) } list_sas();
    print json_object(ike => json_list(@sas)), "\n";
}

# --- actions --------------------------------------------------------------------------------

# `open` matches the error that only means charon was still at it.
sub action {
    my ($open, $command, %pairs) = @_;
    my $answer = request($command, %pairs);
    return if ($answer->{success} // 'no') eq 'yes';
    my $reason = $answer->{errmsg} // "$command failed";
    fail($reason) unless defined $open && $reason =~ $open;
}

sub rekey {
    my ($what, $name) = @_;
    my $answer = request('rekey', $what => $name);
    fail("no $what SA '$name' to rekey") unless ($answer->{matches} // 0) > 0;
}

my %operations = (
    status => \&status,
    up => sub {
        action(qr/not established after/, 'initiate', ike => $_[0], child => $_[1],
            timeout => PATIENCE_MS, loglevel => -1);
    },
    'down-ike' => sub {
        action(qr/not terminated after/, 'terminate', ike => $_[0], timeout => PATIENCE_MS,
            loglevel => -1);
    },
    'down-child' => sub {
        action(qr/not terminated after/, 'terminate', child => $_[0], timeout => PATIENCE_MS,
            loglevel => -1);
    },
    'rekey-ike' => sub { rekey('ike', @_) },
    'rekey-child' => sub { rekey('child', @_) },
);

my $run = $operations{ $operation // '' } or fail("vici.pl knows no operation '$operation'");
$run->(@names);
