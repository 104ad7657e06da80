// Who has least and who has most among the subscribers of one topic, while partitions go from the one to the other.
//
//   members sorted by load     [ least loaded range ) … … … [ most loaded range ) excluded
//                                both ranges grow towards the middle, one level of load at a time
//
// The loads themselves are the caller's to change, by one for each member that is handed out here.
// Source: UniformHeterogeneousAssignmentBuilder.MemberAssignmentBalancer of Apache Kafka.

export class Balancer {
  readonly #loads: readonly number[]
  #members: number[] = []
  #leastEnd = 0
  #leastLoad = 0
  #nextLeast = 0
  #mostStart = 0
  #mostEnd = 0
  #mostLoad = 0
  #nextMost = -1

  constructor(loads: readonly number[]) {
    this.#loads = loads
  }

  /** How far the members' loads are apart. */
  begin(members: readonly number[]): number {
    const loads = this.#loads
    this.#members = [...members].sort((a, b) => loads[a]! - loads[b]! || a - b)
    const count = this.#members.length
    const least = loads[this.#members[0]!]!
    const most = loads[this.#members[count - 1]!]!
    this.#leastEnd = 0
    this.#leastLoad = least - 1
    this.#nextLeast = 0
    this.#mostStart = count
    this.#mostEnd = count
    this.#mostLoad = most + 1
    this.#nextMost = count - 1
    return most - least
  }

  get isBalanced(): boolean {
    return this.#mostLoad - this.#leastLoad <= 1
  }

  nextLeastLoaded(): number {
    if (this.#nextLeast >= this.#leastEnd) {
      this.#leastLoad++
      while (this.#leastEnd < this.#members.length && this.#loadAt(this.#leastEnd) === this.#leastLoad) this.#leastEnd++
      this.#nextLeast = 0
    }
    return this.#members[this.#nextLeast++]!
  }

  /** -1: all are excluded. */
  nextMostLoaded(): number {
    if (this.#nextMost < this.#mostStart) {
      const isUsedUp = this.#mostEnd <= this.#mostStart && this.#mostStart > 0
      this.#mostLoad = isUsedUp ? this.#loadAt(this.#mostStart - 1) : this.#mostLoad - 1
      while (this.#mostStart > 0 && this.#loadAt(this.#mostStart - 1) === this.#mostLoad) this.#mostStart--
      this.#nextMost = this.#mostEnd - 1
    }
    return this.#nextMost < 0 ? -1 : this.#members[this.#nextMost--]!
  }

  /** The one handed out last has nothing to give. */
  excludeMostLoaded(): void {
    const index = this.#nextMost + 1
    const excluded = this.#members[index]!
    this.#members[index] = this.#members[this.#mostEnd - 1]!
    this.#members[this.#mostEnd - 1] = excluded
    this.#mostEnd--
  }

  #loadAt(index: number): number {
    return this.#loads[this.#members[index]!]!
  }
}
