// The names on a simulated disk: a tree of directories, each with its entries as the running system sees them and as a
// crash is sure to leave them. A change of names is an operation that waits for a sync of its directory; a crash keeps
// the operations of a directory up to a random one, in their order, as a journalling file system does.

import type { FileContent } from './file.ts'
import type { SeededRandom } from './random.ts'

export type Node = FileContent | Directory

interface Operation {
  readonly apply: () => void
  /** More than one for a rename between directories: it happens in all of them or in none. */
  readonly directories: readonly Directory[]
}

export class Directory {
  #entries = new Map<string, Node>()
  #durableEntries = new Map<string, Node>()
  #pending: Operation[] = []

  get(name: string): Node | undefined {
    return this.#entries.get(name)
  }

  names(): string[] {
    return [...this.#entries.keys()].sort()
  }

  nodes(): IterableIterator<Node> {
    return this.#entries.values()
  }

  set(name: string, node: Node): void {
    this.#entries.set(name, node)
    this.#pending.push({ apply: () => this.#durableEntries.set(name, node), directories: [this] })
  }

  delete(name: string): void {
    this.#entries.delete(name)
    this.#pending.push({ apply: () => this.#durableEntries.delete(name), directories: [this] })
  }

  move(from: string, target: Directory, to: string): void {
    const node = this.#entries.get(from)
    if (node === undefined) throw new Error(`no entry ${from} to move`)
    this.#entries.delete(from)
    target.#entries.set(to, node)
    const operation: Operation = {
      apply: () => {
        this.#durableEntries.delete(from)
        target.#durableEntries.set(to, node)
      },
      directories: target === this ? [this] : [this, target],
    }
    for (const directory of operation.directories) directory.#pending.push(operation)
  }

  sync(): void {
    while (this.#pending.length > 0) this.#applyFirst()
  }

  /** What is returned makes the names durable that there are now. */
  beginSync(): () => void {
    const last = this.#pending.at(-1)
    return () => {
      while (last !== undefined && this.#pending.includes(last)) this.#applyFirst()
    }
  }

  /** To be called on the root; goes down into what is left. */
  crash(random: SeededRandom, seen = new Set<Node>()): void {
    if (seen.has(this)) return
    seen.add(this)
    const kept = random.pick([0, this.#pending.length, random.below(this.#pending.length + 1)])
    for (let count = 0; count < kept && this.#pending.length > 0; count++) this.#applyFirst()
    for (const operation of this.#pending) {
      for (const other of operation.directories) {
        // A rename that is lost here is lost there, and with it all that came after it there.
        if (other === this) continue
        const index = other.#pending.indexOf(operation)
        if (index >= 0) other.#pending.length = index
      }
    }
    this.#pending = []
    this.#entries = new Map(this.#durableEntries)
    for (const node of this.#entries.values()) {
      if (node instanceof Directory) node.crash(random, seen)
      else if (!seen.has(node)) {
        seen.add(node)
        node.crash(random)
      }
    }
  }

  #applyFirst(): void {
    const operation = this.#pending[0]!
    for (const directory of operation.directories) {
      // What came before it in the other directory happened before it.
      while (directory !== this && directory.#pending[0] !== operation && directory.#pending.includes(operation)) {
        directory.#applyFirst()
      }
    }
    operation.apply()
    for (const directory of operation.directories) directory.#pending.shift()
  }
}
