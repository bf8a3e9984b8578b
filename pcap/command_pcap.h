// command_pcap.h - `ikelab pcap ...`: what a capture says, for people and for programs.
#ifndef PCAP_COMMAND_PCAP_H
#define PCAP_COMMAND_PCAP_H

// `argv[0]` is "pcap". Returns the exit code of the process: 0 done, 1 the file could not be
// read to its end (what was read is printed), 2 usage.
int command_pcap(int argc, char **argv);

#endif
