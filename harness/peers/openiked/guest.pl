# guest.pl - OpenIKED's iked under the guest's own kernel; see ../uml/agent.pl.
use strict;
use warnings;
use json;
use xfrm;

return {
    prepare => sub {
        open my $p, '>>', '/etc/passwd'; print $p "_iked:x:990:990::/var/empty:/bin/false\n"; close $p;
        open $p, '>>', '/etc/group'; print $p "_iked:x:990:\n"; close $p;
        mkdir '/var/empty', 0755;
        system("mkdir -p -m 700 /etc/iked/private; cp /usr/share/ikelab/local.key /etc/iked/private/; cp /usr/share/ikelab/local.pub /etc/iked/");
    },
    daemon => ['/usr/sbin/iked', '-d', '-vvvv', '-f', "$ENV{IKELAB_DIR}/config/iked.conf"],
    operations => {
        ready => sub { sleep 1 },
        whack => sub { system join ' ', @_ },
    },
};
