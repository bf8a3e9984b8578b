#include "pcap/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct finding_words words[FINDING_KIND_COUNT] = {
    [FINDING_NO_COMMON_PROPOSAL] =
        {"no-common-proposal",    SEVERITY_ERROR,   "rfc7296#section-2.7",
                                      "The two sides have no set of algorithms in common",                                                          "The proposals (encryption, integrity, PRF, key exchange group) of the two configurations "
         "do not overlap.",                                                                                                                             "Give both sides one identical proposal, for example aes256gcm16-prfsha256-ecp256 for IKE "
         "and aes256gcm16 for ESP; compare the lists above and add what is missing on one side."                                                                                                                        },
    [FINDING_INVALID_KE_LOOP] =
        {"invalid-ke-loop",       SEVERITY_ERROR,   "rfc7296#section-1.3",
                                      "The initiator keeps sending a key exchange group that the responder refuses",
                                      "The initiator does not take the group that INVALID_KE_PAYLOAD names, or each side "
         "insists on a group of its own.",                                                                                                                                                                                                        "Put the same key exchange group first on both sides."                                     },
    [FINDING_KEY_EXCHANGE_RETRY] =
        {"key-exchange-retry",    SEVERITY_NOTE,    "rfc7296#section-1.2",
                                      "The first guess at the key exchange group was wrong; it costs one round trip",
                                      "The initiator's first group is not the responder's choice.",                                                                                                                                               "Nothing has to be changed; to save the round trip, list the responder's group first."     },
    [FINDING_COOKIE_LOOP] =
        {"cookie-loop",           SEVERITY_ERROR,   "rfc7296#section-2.6",
                                      "The responder asks for a cookie again and again",                                                            "The initiator does not return the cookie as it was, or its address or port changes "
         "between messages (several NAT addresses), or the responder changes its secret too often "
         "or runs on several machines that do not share it.",                                                                                             "Look whether the initiator's address stays the same; with a load balancer keep one source "
         "on one machine; otherwise raise the responder's cookie threshold."                                                                                                            },
    [FINDING_WEAK_ALGORITHM] =
        {"weak-algorithm",        SEVERITY_WARNING, "rfc8247#section-2",
                                      "A weak algorithm was agreed upon",                                                                           "An old default on one side, and the other side still accepts it.",
                                      "Offer and accept AES-GCM (or AES-CBC with SHA-256), PRF SHA-256 and group 14 or above, or "
         "an elliptic curve; take 3DES, MD5, SHA-1 and groups 2 and 5 out of both configurations."                                                                                                                                                                                                                                           },
    [FINDING_IKEV1] =
        {"ikev1-peer",            SEVERITY_WARNING, "rfc9395#section-3",
                                      "The messages are IKEv1, which is no longer maintained",                                                      "The connection is configured for IKEv1, often by the default of an old device.",
                                      "Set both ends to IKEv2. This program does not decode IKEv1."                                                                                                                                                                                                                                          },
    [FINDING_VERSION_MISMATCH] = {"version-mismatch",      SEVERITY_ERROR,   "rfc7296#section-2.5",
                                      "One side speaks IKEv1, the other IKEv2",                                                                     "The IKE version is configured differently.",
                                      "Set IKEv2 on both sides."                                                                                                                                                                                                                                                                             },
    [FINDING_AUTHENTICATION_FAILED] =
        {"authentication-failed", SEVERITY_ERROR,   "rfc7296#section-2.21.2",
                                      "The peer refused the authentication",                                                                        "Pre-shared key or certificate is wrong, or the identity (IDi, IDr) is not the one the "
         "other side expects. Who answers does not say which.",                                                                                                       "Compare the identities on both sides character by character, then the pre-shared key "
         "(blanks and quotes at its ends too) or the certificate chain; the log of the side that "
         "refused has the reason."                                                                                                                                                                },
    [FINDING_SELECTORS_DISJOINT] =
        {"selectors-disjoint",    SEVERITY_ERROR,   "rfc7296#section-2.9",
                                      "The networks behind the two gateways are configured differently",
                                      "The traffic selectors (local and remote subnets) of the two sides have nothing in common.",
                                      "The local networks of one side must be the remote networks of the other: same prefixes, "
         "same prefix lengths, same protocol and ports."                                                                                                                                                                                                                                                                                     },
    [FINDING_SELECTORS_NARROWED] =
        {"selectors-narrowed",    SEVERITY_NOTE,    "rfc7296#section-2.9",
                                      "The responder agreed to less than was asked for",                                                            "The responder's networks are a part of what the initiator asked for.",
                                      "If some subnet is unreachable, add it on the responder; otherwise this is as intended."                                                                                                                                                                                                               },
    [FINDING_PFS_MISMATCH] =
        {"pfs-mismatch",          SEVERITY_ERROR,   "rfc7296#section-1.3.1",
                                      "The rekeying of the tunnel is refused although it was set up: PFS differs",
                                      "The first CHILD_SA comes with IKE_AUTH, where no key exchange group is negotiated. At the "
         "first rekey it is, and one side demands a group (PFS) that the other does not have.",                                                                                                                                                   "Configure the same key exchange group for ESP (PFS) on both sides, or none on both."      },
    [FINDING_REKEY_REFUSED] =
        {"rekey-refused",         SEVERITY_WARNING, "rfc7296#section-2.8",
                                      "The peer answers CREATE_CHILD_SA with an error",                                                             "Often PFS or the ESP proposal differs between the sides; it shows at the first rekey only.",
                                      "Compare PFS group and ESP proposal of both sides; with --keys the reason can be named."                                                                                                                                                                                                               },
    [FINDING_PEER_ERROR] = {"peer-error",            SEVERITY_WARNING, "rfc7296#section-3.10.1",
                                      "The peer reports an error",                                                                                  "See the name of the error.",
                                      "The log of the side that sent it has the reason."                                                                                                                                                                                                                                                     },
    [FINDING_NO_ANSWER] =
        {"no-answer",             SEVERITY_ERROR,   "rfc7296#section-2.1",
                                      "A request is repeated and never answered",                                                                   "The packets do not reach the peer, it does not run, or it ignores this address; or its "
         "answers take another way and were not captured.",                                                                                                      "Capture at the peer as well: if the request arrives there, look at its log and "
         "configuration for this address; if not, at firewalls for UDP 500 and 4500 on the way."                                                                                                 },
    [FINDING_ANSWERS_LOST] =
        {"answers-lost",          SEVERITY_ERROR,   "rfc7296#section-2.1",
                                      "Answers are sent, but the requester keeps asking: the way back is broken",
                                      "The answers are lost between the capture and the requester: a stateful firewall, a NAT "
         "without mapping, asymmetric routing, or a local filter.",                                                                                                                                                                               "Follow the way back: capture at the requester, allow UDP 500 and 4500 inbound, check that "
         "answers leave from the address the request was sent to."                                                                                                                                                                                                        },
    [FINDING_PORT_4500_BLOCKED] =
        {"port-4500-blocked",     SEVERITY_ERROR,   "rfc7296#section-2.23",
                                      "Port 500 works, port 4500 is never answered",                                                                "A firewall allows UDP 500 only. IKE moves to port 4500 after IKE_SA_INIT when there is "
         "NAT, and with many products always.",                                                                                                               "Allow UDP port 4500 in both directions."                                                  },
    [FINDING_IKE_FRAGMENTS_LOST] =
        {"ike-fragments-lost",    SEVERITY_ERROR,   "rfc7383#section-2.6",
                                      "Some fragments of an IKE message are missing",                                                               "Single fragments are lost on the way (rate limit, loss), or they are still larger than "
         "the path takes.",                                                                                                                                  "Lower the IKE fragment size (1280 bytes is safe for IPv6, 576 for IPv4) and look for "
         "policing of UDP on the way."                                                                                                                                                                                       },
    [FINDING_IP_FRAGMENTS_LOST] =
        {"ip-fragments-lost",     SEVERITY_ERROR,   "rfc7383#section-1",
                                      "IP fragments of a packet are missing, so it cannot be put together",
                                      "Firewalls and carriers drop IP fragments, as all but the first have no ports.",
                                      "Turn on IKE fragmentation (RFC 7383) on both sides; for ESP lower the MTU of the tunnel "
         "or clamp TCP's MSS."                                                                                                                                                                                                                                                                                                               },
    [FINDING_IKE_IN_IP_FRAGMENTS] =
        {"ike-in-ip-fragments",   SEVERITY_WARNING, "rfc7383#section-1",
                                      "An IKE message is so large that it travels in IP fragments",                                                 "Certificates make IKE_AUTH larger than the MTU, and IKE fragmentation is off.",
                                      "It works here, and will not behind a firewall that drops fragments: turn on IKE "
         "fragmentation (RFC 7383) on both sides."                                                                                                                                                                                                                                                                                           },
    [FINDING_FRAGMENTATION_OFF] =
        {"fragmentation-off",     SEVERITY_ERROR,   "rfc7383#section-1",
                                      "A large IKE message is never answered, and IKE fragmentation is not in use",
                                      "The message, mostly IKE_AUTH with certificates, is larger than the path takes, and it or "
         "its IP fragments are dropped silently.",                                                                                                                                                                                                "Turn on IKE fragmentation (RFC 7383) on both sides, or send smaller certificates (ECDSA, "
         "no whole chain)."                                                                                                                                                                                                                                                                },
    [FINDING_NAT_FOUND] =
        {"nat-found",             SEVERITY_NOTE,    "rfc7296#section-2.23",
                                      "There is a NAT between the two sides, or one of them claims it",
                                      "The addresses in the packets are not those the sender hashed. Some products do this on "
         "purpose to have ESP in UDP.",                                                                                                                                                                                                           "Nothing has to be changed; ESP will be inside UDP port 4500, and the side behind the NAT "
         "should start the connection and send keepalives."                                                                                                                                                                                                                                           },
    [FINDING_PORTS_NOT_FLOATED] =
        {"ports-not-floated",     SEVERITY_ERROR,   "rfc7296#section-2.23",
                                      "A NAT was found, but IKE stays on port 500",                                                                 "NAT traversal is switched off on one side, or broken by a NAT device with an \"IPsec "
         "helper\".",                                                                                                                                          "Switch NAT traversal on; switch the IPsec passthrough or helper of the router off."       },
    [FINDING_NAT_MAPPING_CHANGED] =
        {"nat-mapping-changed",   SEVERITY_WARNING, "rfc7296#section-2.23",
                                      "The address or port of a side changed while the tunnel was up",
                                      "The NAT forgot its mapping and made a new one, or the client roamed.",
                                      "Send keepalives more often than the NAT forgets (20 s is common), and use MOBIKE "
         "(RFC 4555) for clients that move."                                                                                                                                                                                                                                                                                                 },
    [FINDING_PEER_UNREACHABLE] =
        {"peer-unreachable",      SEVERITY_ERROR,   "rfc792",
                                      "ICMP says that IKE or ESP does not reach the peer",                                                          "Nothing listens on that port, there is no route, or a filter rejects it.",
                                      "Is the IKE daemon running and bound to this address? Otherwise find the router that sent "
         "the ICMP message."                                                                                                                                                                                                                                                                                                                 },
    [FINDING_PACKET_TOO_BIG] =
        {"packet-too-big",        SEVERITY_WARNING, "rfc4301#section-8.2",
                                      "A router says that packets of the tunnel are too big",                                                       "The path takes less than the sender thinks; the overhead of the tunnel comes on top.",
                                      "Let these ICMP messages through to the gateway, lower the tunnel's MTU or clamp TCP's MSS "
         "below the value above."                                                                                                                                                                                                                                                                                                            },
    [FINDING_PEER_DEAD] =
        {"peer-dead",             SEVERITY_ERROR,   "rfc7296#section-2.4",
                                      "The peer stopped answering; liveness checks fail",                                                           "The peer was restarted, lost its state, or the path broke.",
                                      "Look at what happened at the peer at this time. Let both sides reconnect by themselves "
         "(start on traffic or at once, restart after a failed liveness check)."                                                                                                                                                                                                                                                             },
    [FINDING_ESP_NOT_ENCAPSULATED] =
        {"esp-not-encapsulated",  SEVERITY_ERROR,   "rfc7296#section-2.23",
                                      "A NAT was found, but ESP travels as IP protocol 50 instead of inside UDP 4500",
                                      "UDP encapsulation is off for this connection, or the kernel was told the wrong ports.",
                                      "Switch NAT traversal (UDP encapsulation of ESP) on for both sides."                                                                                                                                                                                                                                   },
    [FINDING_ESP_ONE_WAY] =
        {"esp-one-way",           SEVERITY_ERROR,   "rfc4301#section-4.4.1",
                                      "ESP goes one way only; nothing comes back",                                                                  "The other side gets the packets and has no route, policy or firewall rule to answer "
         "through the tunnel; or its ESP (IP protocol 50, or UDP 4500) is filtered.",                                                                           "On the silent side check, in this order: does it receive ESP (counters), does the inner "
         "firewall let the packets through, does the route back point into the tunnel, is IP "
         "protocol 50 or UDP 4500 allowed to leave."                                                                                                                  },
    [FINDING_ESP_LOSS] =
        {"esp-loss",              SEVERITY_WARNING, "rfc4303#section-3.3.3",
                                      "Sequence numbers are missing: ESP packets were lost before this point",
                                      "Loss on the way, a policer, or a full queue. A capture that could not keep up looks the "
         "same.",                                                                                                                                                                                                                                 "Compare with the capture's own drop counter; then look for policers and full queues, and "
         "for large packets (MTU)."                                                                                                                                                                                                                                                                                         },
    [FINDING_ESP_REPLAYED] =
        {"esp-replayed",          SEVERITY_WARNING, "rfc4303#section-3.4.3",
                                      "ESP packets came twice; the receiver has to drop the second ones",
                                      "The network duplicates packets, somebody replays them, or the capture saw each packet on "
         "two interfaces.",                                                                                                                                                                                                                       "Capture on one interface only. If they are still there, look for mirrored or looping "
         "paths. The receiver's replay counter should show the same number."                                                                                                                                                                                                                                      },
    [FINDING_ESP_REORDERED] =
        {"esp-reordered",         SEVERITY_WARNING, "rfc4303#section-3.4.3",
                                      "ESP packets come so late that a replay window of 64 drops them",
                                      "Parallel paths, several queues or QoS classes inside one SA.",
                                      "Enlarge the replay window at the receiver (1024 or more), or give each class its own "
         "CHILD_SA."                                                                                                                                                                                                                                                                                                                         },
    [FINDING_ESP_UNKNOWN_SPI] =
        {"esp-unknown-spi",       SEVERITY_ERROR,   "rfc4303#section-3.4.2",
                                      "ESP arrives under an SPI that nobody agreed upon (any more)",                                                "One side restarted or deleted the SA and the other did not notice.",
                                      "Delete the connection on both sides and start it again; switch liveness checks (DPD) on "
         "so that it heals by itself."                                                                                                                                                                                                                                                                                                       },
    [FINDING_ESP_NOT_AUTHENTIC] =
        {"esp-not-authentic",     SEVERITY_ERROR,   "rfc4303#section-3.4.4.1",
                                      "The integrity check of ESP packets fails under the right keys",
                                      "The packets were changed on the way (broken device, a NAT that rewrites what it should "
         "not), or they are forged.",                                                                                                                                                                                                             "Find the hop after which the bytes differ, by capturing on both of its sides."            },
    [FINDING_MTU_BLACK_HOLE] =
        {"mtu-black-hole",        SEVERITY_ERROR,   "rfc4301#section-8.2",
                                      "Small packets pass, large ones vanish without an ICMP message",
                                      "The path takes less than the tunnel's packets need, and \"fragmentation needed\" is "
         "filtered.",                                                                                                                                                                                                                             "Lower the MTU of the tunnel or clamp TCP's MSS (1360 for IPv4 over 1500 is safe), and let "
         "ICMP \"fragmentation needed\" through."                                                                                                                                                                                                                                                                       },
    [FINDING_CLEAR_TEXT] =
        {"clear-text",            SEVERITY_ERROR,   "rfc4301#section-5.1",
                                      "Packets between the protected networks travel unencrypted",                                                  "No policy matches them, so they are routed past the tunnel; or the SA was not there yet. "
         "(A capture made on a Linux gateway itself also shows packets after decryption.)",                                                     "Add a policy that drops this traffic when there is no SA, and check that NAT rules do not "
         "apply to it before IPsec does."                                                                                                       },
    [FINDING_REKEY_COLLISION] =
        {"rekey-collision",       SEVERITY_NOTE,    "rfc7296#section-2.8.1",
                                      "Both sides started CREATE_CHILD_SA at the same time",                                                        "Equal lifetimes on both sides.",
                                      "It is allowed, and both sides must solve it. Different lifetimes, or a random part of "
         "some minutes, avoid it."                                                                                                                                                                                                                                                                                                           },
    [FINDING_REKEY_STORM] =
        {"rekey-storm",           SEVERITY_WARNING, "rfc7296#section-2.8",
                                      "CHILD_SAs are made much too often",                                                                          "A lifetime in bytes or packets that is far too small for this traffic, or one side "
         "deletes what the other makes.",                                                                                                                               "Raise the lifetime in bytes and packets or remove it; compare the policies on both sides."},
    [FINDING_TUNNEL_FLAPPING] =
        {"tunnel-flapping",       SEVERITY_ERROR,   "rfc7296#section-2.4",
                                      "The connection is set up again and again",                                                                   "It goes down right after it came up: the peer deletes it, liveness checks fail, or two "
         "configurations with the same addresses replace each other.",                                                                                           "Look at the messages in front of each new IKE_SA_INIT, and at \"replace\" or \"unique\" "
         "settings when several clients use one identity."                                                                                                                            },
    [FINDING_REQUEST_CHANGED] =
        {"request-changed",       SEVERITY_WARNING, "rfc7296#section-2.1",
                                      "A repeated request is not the same as the first one",                                                        "A retransmission must have the same bytes; this is a fault of the implementation, or two "
         "machines use one SA (failover without shared state).",                                                                                      "Report it to the maker of the sending side; check the failover pair's state sync."        },
    [FINDING_MALFORMED] =
        {"malformed",             SEVERITY_WARNING, "rfc7296#section-3",       "A message breaks the format of IKEv2",
                                      "A fault of the implementation, a damaged packet, or something else on this port.",
                                      "Report the frame to the maker of the sending side."                                                                                                                                                                                                                                                   },
    [FINDING_CAPTURE_CUT] = {"capture-cut",           SEVERITY_WARNING, "pcap",
                                      "The capture kept only the beginning of its packets",                                                         "The capture was made with a small snap length.",
                                      "Capture again with whole packets: tcpdump -s 0."                                                                                                                                                                                                                                                      },
};

const struct finding_words *finding_words_of(enum finding_kind kind)
{
    return &words[kind];
}

const char *finding_severity_name(enum finding_severity severity)
{
    static const char *const names[] = {
        [SEVERITY_NOTE] = "note", [SEVERITY_WARNING] = "warning", [SEVERITY_ERROR] = "error"};
    return names[severity];
}

bool finding_kind_from_name(const char *name, enum finding_kind *out_kind)
{
    for (unsigned i = 0; i < FINDING_KIND_COUNT; i++) {
        if (strcmp(words[i].name, name) == 0) {
            *out_kind = (enum finding_kind)i;
            return true;
        }
    }
    return false;
}

struct finding *finding_add(struct finding_list *list, enum finding_kind kind, const char *format,
                            ...)
{
    va_list arguments;
    struct finding *finding = &list->items[FINDINGS_MOST - 1];
    if (list->count + 1 < FINDINGS_MOST) {
        finding = &list->items[list->count++];
    } else {
        list->dropped++;
    }
    *finding = (struct finding){.kind = kind, .severity = words[kind].severity};
    va_start(arguments, format);
    (void)vsnprintf(finding->what, sizeof(finding->what), format, arguments);
    va_end(arguments);
    return finding;
}

void finding_frame(struct finding *finding, unsigned frame)
{
    if (frame == 0 || finding->frame_count == FINDING_MOST_FRAMES) {
        return;
    }
    for (size_t i = 0; i < finding->frame_count; i++) {
        if (finding->frames[i] == frame) {
            return;
        }
    }
    finding->frames[finding->frame_count++] = frame;
}

bool finding_list_has(const struct finding_list *list, enum finding_kind kind)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static int compare(const void *left, const void *right)
{
    const struct finding *a = left;
    const struct finding *b = right;
    if (a->severity != b->severity) {
        return a->severity > b->severity ? -1 : 1;
    }
    const unsigned first = a->frame_count > 0 ? a->frames[0] : 0;
    const unsigned second = b->frame_count > 0 ? b->frames[0] : 0;
    if (first != second) {
        return first < second ? -1 : 1;
    }
    return a->kind < b->kind ? -1 : a->kind > b->kind ? 1 : 0;
}

void finding_list_sort(struct finding_list *list)
{
    qsort(list->items, list->count, sizeof(list->items[0]), compare);
}
