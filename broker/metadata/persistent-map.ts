// An immutable map whose copies share what has not changed: a table of small buckets, of which an edit copies the
// touched ones. A change of one entry among 20,000 copies one array of pointers and one bucket, so that a metadata
// image can be published for every commit. Iteration is in no particular order, but the same for the same history of
// edits.

type Bucket<V> = ReadonlyMap<string, V>

const FIRST_SIZE = 16
/** Entries per bucket, on average, before the table doubles. */
const FILL = 8

/** FNV-1a over UTF-16 units. */
function hash(key: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < key.length; index++) value = Math.imul(value ^ key.charCodeAt(index), 0x01000193)
  return value >>> 0
}

export class PersistentMap<V> {
  readonly size: number
  readonly #buckets: readonly (Bucket<V> | undefined)[]

  constructor(buckets: readonly (Bucket<V> | undefined)[] = [], size = 0) {
    this.#buckets = buckets
    this.size = size
  }

  get(key: string): V | undefined {
    if (this.size === 0) return undefined
    return this.#buckets[hash(key) & (this.#buckets.length - 1)]?.get(key)
  }

  has(key: string): boolean {
    if (this.size === 0) return false
    return this.#buckets[hash(key) & (this.#buckets.length - 1)]?.has(key) ?? false
  }

  *[Symbol.iterator](): IterableIterator<[string, V]> {
    for (const bucket of this.#buckets) if (bucket !== undefined) yield* bucket
  }

  *values(): IterableIterator<V> {
    for (const bucket of this.#buckets) if (bucket !== undefined) yield* bucket.values()
  }

  *keys(): IterableIterator<string> {
    for (const bucket of this.#buckets) if (bucket !== undefined) yield* bucket.keys()
  }

  edit(): MapEdit<V> {
    return new MapEdit(this, this.#buckets, this.size)
  }
}

/** A series of changes to one map; sees its own changes. */
export class MapEdit<V> {
  readonly #from: PersistentMap<V>
  #buckets: (Bucket<V> | undefined)[] | undefined
  readonly #original: readonly (Bucket<V> | undefined)[]
  /** Buckets that belong to this edit alone. */
  readonly #owned = new Map<number, Map<string, V>>()
  #size: number

  constructor(from: PersistentMap<V>, buckets: readonly (Bucket<V> | undefined)[], size: number) {
    this.#from = from
    this.#original = buckets
    this.#size = size
  }

  get size(): number {
    return this.#size
  }

  get(key: string): V | undefined {
    const buckets = this.#buckets ?? this.#original
    return buckets[hash(key) & (buckets.length - 1)]?.get(key)
  }

  set(key: string, value: V): void {
    if (this.#buckets === undefined) this.#buckets = [...this.#original]
    if (this.#size >= this.#buckets.length * FILL) this.#grow()
    const bucket = this.#own(key)
    if (!bucket.has(key)) this.#size++
    bucket.set(key, value)
  }

  delete(key: string): boolean {
    if (this.get(key) === undefined) return false
    if (this.#buckets === undefined) this.#buckets = [...this.#original]
    const deleted = this.#own(key).delete(key)
    if (deleted) this.#size--
    return deleted
  }

  finish(): PersistentMap<V> {
    if (this.#buckets === undefined) return this.#from
    return new PersistentMap(this.#buckets, this.#size)
  }

  #own(key: string): Map<string, V> {
    const buckets = this.#buckets!
    const index = hash(key) & (buckets.length - 1)
    let bucket = this.#owned.get(index)
    if (bucket === undefined) {
      bucket = new Map(buckets[index])
      this.#owned.set(index, bucket)
      buckets[index] = bucket
    }
    return bucket
  }

  #grow(): void {
    const old = this.#buckets!
    const size = Math.max(FIRST_SIZE, old.length * 2)
    this.#buckets = new Array(size)
    this.#owned.clear()
    for (const bucket of old) {
      if (bucket === undefined) continue
      for (const [key, value] of bucket) this.#own(key).set(key, value)
    }
  }
}
