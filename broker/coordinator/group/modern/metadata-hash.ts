// A number that changes when the topics of a group do (KIP-1101): their ids, names, partitions and the racks of those.
// It stands in the record of the group epoch; as it is Kafka's, a group that moves between brokers does not rebalance.
// Source: Utils.computeTopicHash and computeGroupHash of Apache Kafka.

import type { TopicLookup } from '../model/topic-lookup.ts'
import { xxh3 } from './xxh3.ts'

/** Of the topics of these names that exist; 0n: none does. */
export function metadataHash(topics: TopicLookup, names: Iterable<string>): bigint {
  const known = [...names].filter((name) => topics.idOf(name) !== undefined).sort()
  if (known.length === 0) return 0n
  const hashes = Buffer.alloc(8 * known.length)
  for (const [index, name] of known.entries()) hashes.writeBigInt64LE(topics.hashOf(name, topicHash), 8 * index)
  return BigInt.asIntN(64, xxh3(hashes))
}

export function topicHash(topics: TopicLookup, name: string): bigint {
  const sink = new Sink()
  sink.bytes.push(0)
  const id = Buffer.from(topics.idOf(name) ?? '', 'base64url')
  // Java gives the id as two numbers, high half first.
  sink.long(id.readBigUInt64BE(0))
  sink.long(id.readBigUInt64BE(8))
  sink.string(name)
  const count = topics.partitionCount(name)
  sink.int(count)
  for (let partition = 0; partition < count; partition++) {
    sink.int(partition)
    for (const rack of [...topics.racksOf(name, partition)].sort()) {
      sink.int(rack.length)
      sink.string(rack)
    }
  }
  return BigInt.asIntN(64, xxh3(Uint8Array.from(sink.bytes)))
}

/** Numbers little endian; a string as its UTF-16 units and their count. */
class Sink {
  readonly bytes: number[] = []

  int(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.bytes.push((value >>> shift) & 0xff)
  }

  long(value: bigint): void {
    this.int(Number(value & 0xffff_ffffn))
    this.int(Number(value >> 32n))
  }

  string(text: string): void {
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index)
      this.bytes.push(unit & 0xff, unit >> 8)
    }
    this.int(text.length)
  }
}
