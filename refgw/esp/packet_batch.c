#include "refgw/esp/packet_batch.h"

const char *packet_verdict_name(enum packet_verdict verdict)
{
    switch (verdict) {
    case PACKET_PASSED:
        return "passed";
    case PACKET_NO_POLICY:
        return "no-policy";
    case PACKET_NO_SA:
        return "no-sa";
    case PACKET_MALFORMED:
        return "malformed";
    case PACKET_REPLAYED:
        return "replayed";
    case PACKET_NOT_AUTHENTIC:
        return "not-authentic";
    case PACKET_SELECTOR_MISMATCH:
        return "selector-mismatch";
    case PACKET_SEQUENCE_EXHAUSTED:
        return "sequence-exhausted";
    case PACKET_DUMMY:
        return "dummy";
    case PACKET_VERDICT_COUNT:
        break;
    }
    return "unknown";
}
