# guest.pl - libreswan's pluto under the guest's own kernel; see ../uml/agent.pl.
use strict;
use warnings;
use xfrm;

sub prepare {
    mkdir '/run/pluto', 0755;
    # A data base with nothing in it, made when the packages were fetched.
    system(qw(cp -R /usr/share/ikelab/nss /run/nss)) == 0 or die "no NSS data base\n";
}
sub status { print xfrm::output_of('/usr/libexec/ipsec/whack', '--rundir', '/run/pluto', @_) }

return {
    prepare => \&prepare,
    daemon => ['/usr/libexec/ipsec/pluto', '--nofork', '--rundir', '/run/pluto', '--config',
        "$ENV{IKELAB_DIR}/config/ipsec.conf"],
    operations => {
        ready => sub { sleep 2 },
        up => sub { status(@_) },
        status => sub { system @_ },
        keys => sub { xfrm::flush_files(); xfrm::print_keys() },
    },
};
