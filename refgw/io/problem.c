#include "refgw/io/problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool problem_set(struct problem *out_problem, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(out_problem->text, sizeof(out_problem->text), format, arguments);
    va_end(arguments);
    return false;
}

static const char *advice_for(int error)
{
    switch (error) {
    case EPERM:
    case EACCES:
        return "; run as root, or with the capabilities CAP_NET_ADMIN and CAP_NET_RAW";
    case EADDRINUSE:
        return "; another IKE daemon is running here: stop it, or choose other ports or addresses";
    case EADDRNOTAVAIL:
        return "; no interface has this address";
    default:
        return "";
    }
}

bool problem_set_errno(struct problem *out_problem, int error, const char *format, ...)
{
    char what[PROBLEM_SIZE / 2];
    char reason[96];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    return problem_set(out_problem, "%s: %s%s", what, strerror_r(error, reason, sizeof(reason)),
                       advice_for(error));
}
