#include "refgw/esp/sequence.h"

void outbound_sequence_init(struct outbound_sequence *sequence, bool has_esn)
{
    *sequence = (struct outbound_sequence){.has_esn = has_esn};
}

static uint64_t last_number(const struct outbound_sequence *sequence)
{
    return sequence->has_esn ? UINT64_MAX : UINT32_MAX;
}

bool outbound_sequence_next(struct outbound_sequence *sequence, uint64_t *out_number)
{
    //= rfc4303#section-3.3.3
    //# In other words, the sender MUST NOT send a packet on an SA if doing so would cause the
    //# sequence number to cycle.
    if (sequence->last == last_number(sequence)) {
        return false;
    }
    sequence->last++;
    *out_number = sequence->last;
    return true;
}

bool outbound_sequence_skip(struct outbound_sequence *sequence, uint64_t last_used)
{
    if (last_used < sequence->last || last_used > last_number(sequence)) {
        return false;
    }
    sequence->last = last_used;
    return true;
}
