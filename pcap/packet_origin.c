#include "pcap/packet_origin.h"

const char *capture_point_name(enum capture_point point)
{
    static const char *const names[] = {
        [POINT_ONLY] = "only", [POINT_ARRIVED] = "arrived", [POINT_LEFT] = "left"};
    return names[point];
}
