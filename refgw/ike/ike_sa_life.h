// ike_sa_life.h - how an IKE SA changes state, ends, and what is due after each input.
#ifndef REFGW_IKE_IKE_SA_LIFE_H
#define REFGW_IKE_IKE_SA_LIFE_H

#include "refgw/ike/engine_state.h"

// All state changes go through here: the count of half-open SAs depends on it.
void ike_sa_set_state(struct ike_engine *engine, struct ike_sa *sa, enum ike_sa_state state);
// A random SPI that no SA of this engine uses. False when randomness fails.
MUST_USE bool ike_sa_choose_spi(struct ike_engine *engine, uint64_t *out_spi);
// The peer is authenticated: reports it. What led there (sa->initial) is still there for the
// first CHILD_SA; its handler forgets it.
void ike_sa_establish(struct ike_engine *engine, struct ike_sa *sa);
// Ends it now, without a word to the peer: its CHILD_SAs are removed. The object stays until
// ike_sa_settle().
void ike_sa_close(struct ike_engine *engine, struct ike_sa *sa, const char *reason);
// Ends it by a request of the given kind (TASK_DELETE_IKE_SA, TASK_AUTHENTICATION_FAILED); the
// rest of what it wanted is dropped.
void ike_sa_begin_close(struct ike_engine *engine, struct ike_sa *sa, enum ike_task_kind how,
                        const char *reason);
// To be called once at the end of every input for each SA it touched: sends what is waiting,
// sets the alarm, frees what is closed. The pointer may be dead afterwards.
void ike_sa_settle(struct ike_engine *engine, struct ike_sa *sa);
// The alarm went off: does what is due. ike_sa_settle() must follow.
void ike_sa_wake(struct ike_engine *engine, struct ike_sa *sa);

#endif
