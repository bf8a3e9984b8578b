# guest.pl - strongSwan's charon under the guest's own kernel (plugin kernel-netlink); see
# ../uml/agent.pl. It is spoken to like the strongswan peer, whose vici.pl runs here unchanged.
use strict;
use warnings;
use xfrm;

use constant { READY_SECONDS => 8, STEP_SECONDS => 0.02 };

my $socket = '/run/charon.vici';
my $config = "$ENV{IKELAB_DIR}/given";
$ENV{STRONGSWAN_CONF} = "$config/strongswan.conf";

# vici.pl ends the process with its own exit code when it fails.
sub vici {
    local @ARGV = ($socket, @_);
    local $0 = '/ikelab/strongswan/vici.pl';
    do $0;
    die $@ if $@;
}

sub ready {
    my $deadline = time + READY_SECONDS;
    until (-S $socket) {
        die "charon did not open its control socket in time\n" if time >= $deadline;
        select undef, undef, undef, STEP_SECONDS;
    }
    my $said = xfrm::output_of('sh', '-c',
        "exec swanctl --load-all --noprompt --file $config/swanctl.conf 2>&1");
    return if $? == 0;
    die $said =~ /^(.*(?:fail|error).*)$/im ? "$1\n" : "swanctl could not load the configuration\n";
}

return {
    daemon => ['/usr/lib/ipsec/charon'],
    operations => {
        ready => \&ready,
        up => sub { vici('up', @ENV{qw(IKELAB_CONNECTION IKELAB_CHILD)}) },
        down => sub {
            $_[0] eq 'child' ? vici('down-child', $ENV{IKELAB_CHILD})
                : vici('down-ike', $ENV{IKELAB_CONNECTION});
        },
        'rekey-child' => sub { vici('rekey-child', $ENV{IKELAB_CHILD}) },
        'rekey-ike' => sub { vici('rekey-ike', $ENV{IKELAB_CONNECTION}) },
        status => sub { vici('status') },
        # charon-keys.log must have reached the host before the host reads it.
        keys => sub { xfrm::flush_files(); xfrm::print_keys() },
    },
};
