// policy_support.h - whether this build's cryptography has what a configuration asks for.
#ifndef REFGW_APP_POLICY_SUPPORT_H
#define REFGW_APP_POLICY_SUPPORT_H

#include "refgw/ike/policy.h"
#include "refgw/io/problem.h"

// False with the connection and the algorithm named in out_problem.
MUST_USE bool policy_is_supported(const struct ike_policy *policy,
                                  const struct crypto_provider *crypto,
                                  struct problem *out_problem);

#endif
