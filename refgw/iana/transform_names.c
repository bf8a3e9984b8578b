#include "refgw/iana/ikev2_names.h"

#include "refgw/iana/number_names.h"

static const struct number_name transform_types[] = {
    {IKE_TRANSFORM_ENCR,   "ENCR"  },
    {IKE_TRANSFORM_PRF,    "PRF"   },
    {IKE_TRANSFORM_INTEG,  "INTEG" },
    {IKE_TRANSFORM_KE,     "KE"    },
    {IKE_TRANSFORM_SN,     "SN"    },
    {IKE_TRANSFORM_ADDKE1, "ADDKE1"},
    {7,                    "ADDKE2"},
    {8,                    "ADDKE3"},
    {9,                    "ADDKE4"},
    {10,                   "ADDKE5"},
    {11,                   "ADDKE6"},
    {IKE_TRANSFORM_ADDKE7, "ADDKE7"},
    {13,                   "KWA"   },
    {14,                   "GCAUTH"},
};

static const struct number_name encryption_names[] = {
    {1,                       "ENCR_DES_IV64"                },
    {2,                       "ENCR_DES"                     },
    {ENCR_3DES,               "ENCR_3DES"                    },
    {4,                       "ENCR_RC5"                     },
    {5,                       "ENCR_IDEA"                    },
    {6,                       "ENCR_CAST"                    },
    {7,                       "ENCR_BLOWFISH"                },
    {8,                       "ENCR_3IDEA"                   },
    {9,                       "ENCR_DES_IV32"                },
    {ENCR_NULL,               "ENCR_NULL"                    },
    {ENCR_AES_CBC,            "ENCR_AES_CBC"                 },
    {ENCR_AES_CTR,            "ENCR_AES_CTR"                 },
    {ENCR_AES_CCM_8,          "ENCR_AES_CCM_8"               },
    {ENCR_AES_CCM_12,         "ENCR_AES_CCM_12"              },
    {ENCR_AES_CCM_16,         "ENCR_AES_CCM_16"              },
    {ENCR_AES_GCM_8,          "ENCR_AES_GCM_8"               },
    {ENCR_AES_GCM_12,         "ENCR_AES_GCM_12"              },
    {ENCR_AES_GCM_16,         "ENCR_AES_GCM_16"              },
    {ENCR_NULL_AUTH_AES_GMAC, "ENCR_NULL_AUTH_AES_GMAC"      },
    {23,                      "ENCR_CAMELLIA_CBC"            },
    {24,                      "ENCR_CAMELLIA_CTR"            },
    {25,                      "ENCR_CAMELLIA_CCM_8"          },
    {26,                      "ENCR_CAMELLIA_CCM_12"         },
    {27,                      "ENCR_CAMELLIA_CCM_16"         },
    {ENCR_CHACHA20_POLY1305,  "ENCR_CHACHA20_POLY1305"       },
    {29,                      "ENCR_AES_CCM_8_IIV"           },
    {30,                      "ENCR_AES_GCM_16_IIV"          },
    {31,                      "ENCR_CHACHA20_POLY1305_IIV"   },
    {32,                      "ENCR_KUZNYECHIK_MGM_KTREE"    },
    {33,                      "ENCR_MAGMA_MGM_KTREE"         },
    {34,                      "ENCR_KUZNYECHIK_MGM_MAC_KTREE"},
    {35,                      "ENCR_MAGMA_MGM_MAC_KTREE"     },
};

static const struct number_name prf_names[] = {
    {PRF_HMAC_MD5,      "PRF_HMAC_MD5"         },
    {PRF_HMAC_SHA1,     "PRF_HMAC_SHA1"        },
    {3,                 "PRF_HMAC_TIGER"       },
    {PRF_AES128_XCBC,   "PRF_AES128_XCBC"      },
    {PRF_HMAC_SHA2_256, "PRF_HMAC_SHA2_256"    },
    {PRF_HMAC_SHA2_384, "PRF_HMAC_SHA2_384"    },
    {PRF_HMAC_SHA2_512, "PRF_HMAC_SHA2_512"    },
    {PRF_AES128_CMAC,   "PRF_AES128_CMAC"      },
    {9,                 "PRF_HMAC_STREEBOG_512"},
};

static const struct number_name integrity_names[] = {
    {AUTH_NONE,              "NONE"                  },
    {AUTH_HMAC_MD5_96,       "AUTH_HMAC_MD5_96"      },
    {AUTH_HMAC_SHA1_96,      "AUTH_HMAC_SHA1_96"     },
    {3,                      "AUTH_DES_MAC"          },
    {4,                      "AUTH_KPDK_MD5"         },
    {AUTH_AES_XCBC_96,       "AUTH_AES_XCBC_96"      },
    {6,                      "AUTH_HMAC_MD5_128"     },
    {7,                      "AUTH_HMAC_SHA1_160"    },
    {AUTH_AES_CMAC_96,       "AUTH_AES_CMAC_96"      },
    {9,                      "AUTH_AES_128_GMAC"     },
    {10,                     "AUTH_AES_192_GMAC"     },
    {11,                     "AUTH_AES_256_GMAC"     },
    {AUTH_HMAC_SHA2_256_128, "AUTH_HMAC_SHA2_256_128"},
    {AUTH_HMAC_SHA2_384_192, "AUTH_HMAC_SHA2_384_192"},
    {AUTH_HMAC_SHA2_512_256, "AUTH_HMAC_SHA2_512_256"},
};

static const struct number_name key_exchange_names[] = {
    {KE_NONE,        "NONE"                                                 },
    {1,              "768-bit MODP Group"                                   },
    {KE_MODP_1024,   "1024-bit MODP Group"                                  },
    {KE_MODP_1536,   "1536-bit MODP Group"                                  },
    {KE_MODP_2048,   "2048-bit MODP Group"                                  },
    {KE_MODP_3072,   "3072-bit MODP Group"                                  },
    {KE_MODP_4096,   "4096-bit MODP Group"                                  },
    {KE_MODP_6144,   "6144-bit MODP Group"                                  },
    {KE_MODP_8192,   "8192-bit MODP Group"                                  },
    {KE_ECP_256,     "256-bit random ECP group"                             },
    {KE_ECP_384,     "384-bit random ECP group"                             },
    {KE_ECP_521,     "521-bit random ECP group"                             },
    {22,             "1024-bit MODP Group with 160-bit Prime Order Subgroup"},
    {23,             "2048-bit MODP Group with 224-bit Prime Order Subgroup"},
    {24,             "2048-bit MODP Group with 256-bit Prime Order Subgroup"},
    {25,             "192-bit Random ECP Group"                             },
    {26,             "224-bit Random ECP Group"                             },
    {27,             "brainpoolP224r1"                                      },
    {28,             "brainpoolP256r1"                                      },
    {29,             "brainpoolP384r1"                                      },
    {30,             "brainpoolP512r1"                                      },
    {KE_CURVE25519,  "Curve25519"                                           },
    {KE_CURVE448,    "Curve448"                                             },
    {33,             "GOST3410_2012_256"                                    },
    {34,             "GOST3410_2012_512"                                    },
    {KE_ML_KEM_512,  "ml-kem-512"                                           },
    {KE_ML_KEM_768,  "ml-kem-768"                                           },
    {KE_ML_KEM_1024, "ml-kem-1024"                                          },
};

static const struct number_name sequence_number_names[] = {
    {SN_32_BIT_SEQUENTIAL, "32-bit Sequential Numbers"                      },
    {SN_64_BIT_PARTIAL,    "Partially Transmitted 64-bit Sequential Numbers"},
    {2,                    "32-bit Unspecified Numbers"                     },
};

const char *transform_type_name(unsigned type)
{
    return number_names_name(NUMBER_NAMES(transform_types), type);
}

const char *transform_name(unsigned type, unsigned number)
{
    if (type >= IKE_TRANSFORM_ADDKE1 && type <= IKE_TRANSFORM_ADDKE7) {
        type = IKE_TRANSFORM_KE;
    }
    switch (type) {
    case IKE_TRANSFORM_ENCR:
        return number_names_name(NUMBER_NAMES(encryption_names), number);
    case IKE_TRANSFORM_PRF:
        return number_names_name(NUMBER_NAMES(prf_names), number);
    case IKE_TRANSFORM_INTEG:
        return number_names_name(NUMBER_NAMES(integrity_names), number);
    case IKE_TRANSFORM_KE:
        return number_names_name(NUMBER_NAMES(key_exchange_names), number);
    case IKE_TRANSFORM_SN:
        return number_names_name(NUMBER_NAMES(sequence_number_names), number);
    default:
        return NULL;
    }
}
