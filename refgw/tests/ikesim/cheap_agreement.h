// cheap_agreement.h - key agreement that costs nothing and protects nothing: with it a million
// exchanges are a matter of minutes.
#ifndef REFGW_TESTS_IKESIM_CHEAP_AGREEMENT_H
#define REFGW_TESTS_IKESIM_CHEAP_AGREEMENT_H

#include "refgw/crypto/provider.h"

// Everything of `base` except key agreement. Public values are random bytes of the right size;
// the shared secret of two of them is their exclusive or.
struct crypto_provider cheap_provider(const struct crypto_provider *base);

#endif
