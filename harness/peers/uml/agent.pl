#!/usr/bin/perl
# agent.pl - first process of the guest: runs the peer's daemon and carries out what `ctl` asks.
#
# A call is a file ID.call in the mail folder (the host's, seen through hostfs) with one line
# "OPERATION ARGUMENT..."; a byte on the serial line says that there is one. Each call runs in a
# process of its own. It leaves ID.out and ID.err; ID.code with the exit code comes last.
#
# /ikelab/peer/guest.pl gives what is the peer's own, as a hash:
#   prepare     before the daemon starts; dies when the machine cannot be prepared
#   daemon      the daemon's command, a list; it stays in the foreground
#   operations  name => sub (ARGUMENT...), prints its result, dies with a sentence when it failed;
#               `ready` returns when the daemon has its configuration and listens
use strict;
use warnings;
use POSIX qw(WNOHANG);

BEGIN { unshift @INC, '/ikelab' }
use xfrm;

use constant {
    SYS_REBOOT => 169, SYS_SYNC => 162, # of x86-64, the only kind of user-mode Linux
    REBOOT_MAGIC_1 => 0xfee1dead, REBOOT_MAGIC_2 => 672274793, POWER_OFF => 0x4321fedc,
    LOOK_SECONDS => 0.2,  # how often the mail is looked at without a ring
    STOP_SECONDS => 5,    # from SIGTERM to SIGKILL
    CALL_SECONDS => 30,   # no call lives longer
    UNSUPPORTED => 127,
};

my $directory = $ENV{IKELAB_DIR};
my $mail = "$directory/mail";
my ($daemon, $stop_call, $stop_deadline);
my %running; # process => call

sub write_file {
    my ($path, $text) = @_;
    open my $file, '>', "$path.new" or return;
    print $file $text;
    close $file;
    rename "$path.new", $path;
}

sub power_off {
    syscall(SYS_SYNC);
    syscall(SYS_REBOOT, REBOOT_MAGIC_1, REBOOT_MAGIC_2, POWER_OFF, 0);
    exit 1; # the kernel panics, which ends the machine too
}

# The daemon ended. The code is a shell's: 128 and the signal's number.
sub daemon_ended {
    my ($status) = @_;
    $daemon = undef;
    if (defined $stop_call) {
        write_file("$stop_call.code", "0\n");
    } else {
        my $code = $status & 127 ? 128 + ($status & 127) : $status >> 8;
        print "guest: the daemon ended with code $code\n";
        write_file("$mail/ended", "$code\n");
    }
    power_off();
}

sub reap {
    while ((my $process = waitpid(-1, WNOHANG)) > 0) {
        my $status = $?;
        daemon_ended($status) if defined $daemon && $process == $daemon;
        my $call = delete $running{$process} or next;
        # A call that ran to its end has written its code itself.
        next if -e "$call.code" || !-e "$call.out";
        my $code = $status & 127 ? 1 : $status >> 8;
        write_file("$call.code", "$code\n");
    }
}

sub run_call {
    my ($peer, $call, $operation, @arguments) = @_;
    open STDOUT, '>', "$call.out" or die "$call.out: $!\n";
    open STDERR, '>', "$call.err" or die "$call.err: $!\n";
    my $run = $peer->{operations}{$operation};
    if (!$run) {
        print STDERR "the peer has no operation '$operation'\n";
        return UNSUPPORTED;
    }
    alarm CALL_SECONDS;
    my $is_done = eval { $run->(@arguments); 1 };
    xfrm::forbid_clear_text("$directory/given/selectors") if $is_done && $operation eq 'ready';
    return 0 if $is_done;
    my $sentence = $@;
    $sentence =~ s/\s+/ /g;
    print STDERR "$sentence\n";
    return 1;
}

sub begin_stop {
    my ($call) = @_;
    open my $file, '>', "$call.$_" for qw(out err);
    $stop_call = $call;
    $stop_deadline = time + STOP_SECONDS;
    defined $daemon ? kill(TERM => $daemon) : power_off();
}

sub begin_call {
    my ($peer, $call) = @_;
    open my $file, '<', "$call.call" or return;
    my @words = split ' ', scalar(<$file>) // '';
    close $file;
    unlink "$call.call";
    return begin_stop($call) if @words && $words[0] eq 'stop';
    my $process = fork // return write_file("$call.code", "75\n");
    if ($process == 0) {
        $SIG{CHLD} = 'DEFAULT';
        $SIG{TERM} = 'DEFAULT';
        my $code = run_call($peer, $call, @words);
        close STDOUT;
        close STDERR;
        write_file("$call.code", "$code\n");
        POSIX::_exit($code);
    }
    $running{$process} = $call;
}

sub look_into_mail {
    my ($peer) = @_;
    opendir my $folder, $mail or return;
    my @calls = map { /^(.*)\.call$/ ? "$mail/$1" : () } readdir $folder;
    closedir $folder;
    begin_call($peer, $_) for sort @calls;
}

sub start_daemon {
    my ($peer) = @_;
    $peer->{prepare}->() if $peer->{prepare};
    my $process = fork // die "fork: $!\n";
    if ($process == 0) {
        $SIG{CHLD} = 'DEFAULT';
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$directory/logs/daemon.out";
        open STDERR, '>&', \*STDOUT;
        exec { $peer->{daemon}[0] } @{ $peer->{daemon} } or POSIX::_exit(127);
    }
    return $process;
}

# Every security association ever made, with its keys: `ip xfrm state` forgets the deleted ones.
sub start_monitor {
    my $process = fork // return;
    return if $process;
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', '/run/xfrm.monitor';
    exec 'ip', 'xfrm', 'monitor', 'SA' or POSIX::_exit(127);
}

$| = 1;
umask 077;
$SIG{CHLD} = sub { }; # only to interrupt select()
open my $bell, '<', '/dev/ttyS0' or die "/dev/ttyS0: $!\n";
my $peer = do '/ikelab/peer/guest.pl' or die "guest.pl: ", $@ || $!, "\n";
start_monitor();
$daemon = eval { start_daemon($peer) };
if (!defined $daemon) {
    print "guest: $@";
    write_file("$mail/ended", "1\n");
    power_off();
}
for (;;) {
    my $ready = '';
    vec($ready, fileno $bell, 1) = 1;
    my $count = select($ready, undef, undef, LOOK_SECONDS);
    sysread($bell, my $rings, 4096) if $count > 0;
    reap();
    look_into_mail($peer);
    kill KILL => $daemon if defined $stop_deadline && defined $daemon && time >= $stop_deadline;
}
