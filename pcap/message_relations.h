// message_relations.h - which IKE messages of a capture belong together.
#ifndef PCAP_MESSAGE_RELATIONS_H
#define PCAP_MESSAGE_RELATIONS_H

#include "pcap/capture_contents.h"

// Fills retransmit_of, answers, answer and counterpart of all IKE records. False when memory
// runs out.
MUST_USE bool message_relations_find(struct capture_contents *contents);

#endif
