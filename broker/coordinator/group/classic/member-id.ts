// Ids of members as Kafka makes them.

import type { Random } from '../../../../host/host.ts'

/** The client's or instance's name and a random UUID (version 4). */
export function newMemberId(random: Random, prefix: string): string {
  const bytes = random.fill(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Buffer.from(bytes).toString('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
  return `${prefix}-${parts.join('-')}`
}
