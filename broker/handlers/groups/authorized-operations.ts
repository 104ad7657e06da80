// What a client may do with a group, as the describing APIs tell it on demand (KIP-430).

/**
 * Bits of the operations that groups have: read, delete, describe, describe and alter configs. Without an authorizer,
 * all.
 */
export const ALL_GROUP_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11)
