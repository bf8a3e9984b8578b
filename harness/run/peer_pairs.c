// Which peers meet: the choice that --west, --east and --all make.
#include <string.h>

#include "harness/run/cell.h"

static const char reference[] = "refgw";

struct pair_list {
    struct peer_pair *pairs;
    size_t count;
};

static void add_pair(struct pair_list *list, const struct lab_peer *west,
                     const struct lab_peer *east)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->pairs[i].west == west && list->pairs[i].east == east) {
            return;
        }
    }
    if (list->count < CELL_MOST_PAIRS) {
        list->pairs[list->count++] = (struct peer_pair){.west = west, .east = east};
    }
}

static const struct lab_peer *find(const struct peer_list *peers, const char *name,
                                   char *out_problem, size_t size)
{
    char known[256];
    const struct lab_peer *peer = peer_list_find(peers, name);
    if (peer == NULL) {
        peer_list_names(peers, known, sizeof(known));
        (void)snprintf(out_problem, size, "there is no peer '%s'; there are: %s", name, known);
    }
    return peer;
}

static void add_default(const struct peer_list *peers, const struct lab_peer *refgw,
                        struct pair_list *list)
{
    add_pair(list, refgw, refgw);
    for (size_t i = 0; i < peers->count; i++) {
        const struct lab_peer *peer = &peers->peers[i];
        // What boots a kernel or needs another machine is left to --all and to its name, so that
        // the default stays a matter of minutes.
        if (peer->is_available && peer->manifest->kind == PEER_KIND_NETNS) {
            add_pair(list, refgw, peer);
            add_pair(list, peer, refgw);
        }
    }
}

static void add_all(const struct peer_list *peers, struct pair_list *list)
{
    for (size_t i = 0; i < peers->count * peers->count; i++) {
        const struct lab_peer *west = &peers->peers[i / peers->count];
        const struct lab_peer *east = &peers->peers[i % peers->count];
        if (west->is_available && east->is_available) {
            add_pair(list, west, east);
        }
    }
}

static bool add_named(const struct peer_list *peers, const struct pair_choice *choice,
                      struct pair_list *list, char *out_problem, size_t size)
{
    const size_t west_count = choice->west_count > 0 ? choice->west_count : 1;
    const size_t east_count = choice->east_count > 0 ? choice->east_count : 1;
    for (size_t i = 0; i < west_count * east_count; i++) {
        const char *west_name = choice->west_count > 0 ? choice->west[i / east_count] : reference;
        const char *east_name = choice->east_count > 0 ? choice->east[i % east_count] : reference;
        const struct lab_peer *west = find(peers, west_name, out_problem, size);
        const struct lab_peer *east = find(peers, east_name, out_problem, size);
        if (west == NULL || east == NULL) {
            return false;
        }
        add_pair(list, west, east);
    }
    return true;
}

size_t peer_pairs_choose(const struct peer_list *peers, const struct pair_choice *choice,
                         struct peer_pair out_pairs[CELL_MOST_PAIRS], char *out_problem,
                         size_t size)
{
    struct pair_list list = {.pairs = out_pairs};
    (void)snprintf(out_problem, size, "no peer is available; `ikelab peer list` says why");
    if (choice->kind == PAIRS_ALL) {
        add_all(peers, &list);
    } else if (choice->kind == PAIRS_DEFAULT) {
        const struct lab_peer *refgw = find(peers, reference, out_problem, size);
        if (refgw == NULL) {
            return 0;
        }
        add_default(peers, refgw, &list);
    } else if (!add_named(peers, choice, &list, out_problem, size)) {
        return 0;
    }
    return list.count;
}
