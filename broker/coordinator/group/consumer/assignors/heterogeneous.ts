// The uniform assignor where members are subscribed to different topics: everybody keeps what it still may have, what
// is free goes to whoever has least, and then partitions move from those with most to those with least, topic by topic,
// until a round moves nothing. Source: UniformHeterogeneousAssignmentBuilder of Apache Kafka.

import type { Assignment } from '../../modern/assignment.ts'
import { type AssignorInput, type Draft, draftOf, give, take } from '../../modern/assignor.ts'
import { Balancer } from './balancer.ts'

/** Balancing gets better with every round, and need not end by itself. */
const MAX_ROUNDS = 16
const NOBODY = -1

export function assignHeterogeneous(input: AssignorInput): ReadonlyMap<string, Assignment> {
  return new Builder(input).build()
}

class Builder {
  readonly #input: AssignorInput
  readonly #drafts: Draft[]
  /** Partitions that a member has, by its index. */
  readonly #loads: number[]
  /** Indexes of members by topic id, ascending. */
  readonly #subscribers = new Map<string, number[]>()
  /** Index of the member that has it, by partition. */
  readonly #owners = new Map<string, number[]>()
  readonly #balancer: Balancer

  constructor(input: AssignorInput) {
    this.#input = input
    this.#drafts = input.members.map(({ target }) => draftOf(target))
    this.#loads = input.members.map(() => 0)
    this.#balancer = new Balancer(this.#loads)
    for (const [index, { topicIds }] of input.members.entries()) {
      for (const topicId of topicIds) {
        const subscribers = this.#subscribers.get(topicId)
        if (subscribers !== undefined) {
          subscribers.push(index)
          continue
        }
        this.#subscribers.set(topicId, [index])
        this.#owners.set(topicId, new Array<number>(input.partitionCount(topicId)).fill(NOBODY))
      }
    }
  }

  build(): ReadonlyMap<string, Assignment> {
    if (this.#subscribers.size === 0) return new Map()
    this.#keep()
    this.#assignFree()
    this.#balance()
    return new Map(this.#input.members.map(({ memberId }, index) => [memberId, this.#drafts[index]!]))
  }

  #keep(): void {
    for (const [index, { topicIds }] of this.#input.members.entries()) {
      const draft = this.#drafts[index]!
      for (const [topicId, partitions] of [...draft]) {
        if (!topicIds.has(topicId)) {
          draft.delete(topicId)
          continue
        }
        this.#loads[index]! += partitions.size
        for (const partition of partitions) this.#owners.get(topicId)![partition] = index
      }
    }
  }

  #assignFree(): void {
    const free = new Map<string, number[]>()
    for (const [topicId, owners] of this.#owners) {
      const partitions = [...owners.keys()].filter((partition) => owners[partition] === NOBODY)
      if (partitions.length > 0) free.set(topicId, partitions)
    }
    for (const topicId of this.#sorted(free.keys())) {
      this.#balancer.begin(this.#subscribers.get(topicId)!)
      for (const partition of free.get(topicId)!) this.#move(topicId, partition, this.#balancer.nextLeastLoaded())
    }
  }

  #balance(): void {
    const shared = [...this.#subscribers.keys()].filter((topicId) => this.#subscribers.get(topicId)!.length >= 2)
    const sorted = this.#sorted(shared)
    let lastMoved = -1
    for (let round = 0; round < MAX_ROUNDS; round++) {
      for (const [index, topicId] of sorted.entries()) {
        if (index === lastMoved) return
        if (this.#balanceTopic(topicId) > 0 || lastMoved === -1) lastMoved = index
      }
    }
  }

  /** How many partitions moved. */
  #balanceTopic(topicId: string): number {
    const owners = this.#owners.get(topicId)!
    if (this.#balancer.begin(this.#subscribers.get(topicId)!) <= 1) return 0
    // Each member gives away its last partition first, and only what it had before this topic's turn.
    const givable = new Map<number, number[]>()
    for (const [partition, owner] of owners.entries()) {
      const partitions = givable.get(owner)
      if (partitions === undefined) givable.set(owner, [partition])
      else partitions.push(partition)
    }
    let moved = 0
    while (!this.#balancer.isBalanced) {
      let from = this.#balancer.nextMostLoaded()
      while (from !== NOBODY && (givable.get(from)?.length ?? 0) === 0) {
        this.#balancer.excludeMostLoaded()
        from = this.#balancer.nextMostLoaded()
      }
      if (from === NOBODY) break
      const partition = givable.get(from)!.pop()!
      const to = this.#balancer.nextLeastLoaded()
      if (this.#balancer.isBalanced) break
      this.#move(topicId, partition, to)
      moved++
    }
    return moved
  }

  #move(topicId: string, partition: number, to: number): void {
    const owners = this.#owners.get(topicId)!
    const from = owners[partition]!
    if (from !== NOBODY) {
      take(this.#drafts[from]!, topicId, partition)
      this.#loads[from]!--
    }
    give(this.#drafts[to]!, topicId, partition)
    owners[partition] = to
    this.#loads[to]!++
  }

  /** Most partitions a subscriber first, then fewest subscribers. */
  #sorted(topicIds: Iterable<string>): string[] {
    const shareOf = (topicId: string): number => this.#owners.get(topicId)!.length / this.#countOf(topicId)
    return [...topicIds].sort(
      (a, b) => shareOf(b) - shareOf(a) || this.#countOf(a) - this.#countOf(b) || compareIds(a, b),
    )
  }

  #countOf(topicId: string): number {
    return this.#subscribers.get(topicId)!.length
  }
}

/** As Java compares them: two signed numbers, the high half first. */
function compareIds(a: string, b: string): number {
  const [left, right] = [Buffer.from(a, 'base64url'), Buffer.from(b, 'base64url')]
  for (const half of [0, 8]) {
    const [one, other] = [left.readBigInt64BE(half), right.readBigInt64BE(half)]
    if (one !== other) return one < other ? -1 : 1
  }
  return 0
}
