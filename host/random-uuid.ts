// New ids in Kafka's form: 16 bytes of a version 4 UUID as 22 characters of base64url. Source: Uuid.randomUuid.

import type { Random } from './host.ts'

export function randomUuid(random: Random): string {
  for (;;) {
    const bytes = random.fill(new Uint8Array(16))
    bytes[6] = (bytes[6]! & 0x0f) | 0x40
    bytes[8] = (bytes[8]! & 0x3f) | 0x80
    const text = Buffer.from(bytes).toString('base64url')
    // A leading dash would be read as an option on a command line.
    if (!text.startsWith('-')) return text
  }
}
