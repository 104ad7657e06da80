// Bytes to primitive values (reader.ts) and back (writer.ts): the alphabet in which every message of Kafka's protocol
// is written. What both agree on stands here.
//
// Integers are big-endian. Strings, byte fields and arrays carry their length in one of two ways: classic (int16 for
// strings, int32 for the others, -1 = null) and compact (KIP-482: unsigned varint of length + 1, 0 = null).

export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Kafka refuses longer strings at every version, even where the length prefix could say more. */
export const MAX_STRING_SIZE = 0x7fff

/** Up to this many bytes a loop over the bytes beats the call into the engine's own code. */
export const SHORT_STRING = 24
