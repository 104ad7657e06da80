// Random numbers that a seed determines: sfc32 (Chris Doty-Humphrey's small fast counting generator, 128 bits of
// state).

import type { Random } from '../host.ts'
import { uniformBelow } from '../uniform.ts'

export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new Error(`seed ${seed} is not a safe integer`)
    this.#a = seed | 0
    this.#b = Math.floor(seed / 2 ** 32) | 0
    this.#c = 0x9e3779b9 | 0
    // Seeds that differ in one bit have nothing in common after a dozen rounds.
    for (let round = 0; round < 16; round++) this.next32()
  }

  next32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }

  below(below: number): number {
    return uniformBelow(below, () => this.next32())
  }

  fill(target: Uint8Array): Uint8Array {
    for (let index = 0; index < target.length; index++) target[index] = this.next32()
    return target
  }

  /** An integer from `low` up to and including `high`. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  /** In [0, 1). */
  fraction(): number {
    return this.next32() / 2 ** 32
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!
  }

  /** A generator of its own, so that what one part draws does not shift the numbers of the others. */
  fork(): SeededRandom {
    return new SeededRandom(this.next32() * 2 ** 20 + (this.next32() >>> 12))
  }
}
