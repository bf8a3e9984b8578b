// message_reception.h - from a datagram to the handler of its message, or to a rejection.
#ifndef REFGW_IKE_MESSAGE_RECEPTION_H
#define REFGW_IKE_MESSAGE_RECEPTION_H

#include "refgw/ike/engine_state.h"

// `bytes` is an IKE message without non-ESP marker, `path` where it came in.
void receive_message(struct ike_engine *engine, const struct network_path *path,
                     struct byte_view bytes);

#endif
