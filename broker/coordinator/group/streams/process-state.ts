// A process while tasks are being assigned: its members, what each of them gets, and how much that is. Source:
// ProcessState of Apache Kafka.

import { LeastFirst } from './least-first.ts'
import { taskKey } from './tasks.ts'

export interface Task {
  readonly subtopologyId: string
  readonly partition: number
  readonly key: string
}

export function newTask(subtopologyId: string, partition: number): Task {
  return { subtopologyId, partition, key: taskKey(subtopologyId, partition) }
}

/** Of one member. */
export interface Share {
  readonly active: Task[]
  readonly standby: Task[]
}

export class ProcessState {
  readonly shares = new Map<string, Share>()
  readonly #tasks = new Set<string>()
  #taskCount = 0
  /** Members; null: they have been given tasks since. */
  #byLoad: LeastFirst<string> | null = null

  addMember(memberId: string): void {
    this.shares.set(memberId, { active: [], standby: [] })
  }

  /** Tasks a member. */
  get load(): number {
    return this.#taskCount / this.shares.size
  }

  /** In whatever role. */
  has({ key }: Task): boolean {
    return this.#tasks.has(key)
  }

  taskCount(memberId: string): number {
    const share = this.shares.get(memberId)
    return share === undefined ? 0 : share.active.length + share.standby.length
  }

  /** How many tasks the member has then. */
  add(memberId: string, task: Task, role: keyof Share): number {
    this.#byLoad = null
    return this.#add(memberId, task, role)
  }

  addToLeastLoaded(task: Task, role: keyof Share): number {
    this.#byLoad ??= new LeastFirst((memberId) => this.taskCount(memberId), this.shares.keys())
    const memberId = this.#byLoad.take()
    if (memberId === undefined) throw new Error('assertion: a process without members')
    const count = this.#add(memberId, task, role)
    this.#byLoad.add(memberId)
    return count
  }

  #add(memberId: string, task: Task, role: keyof Share): number {
    this.#taskCount++
    this.#tasks.add(task.key)
    this.shares.get(memberId)?.[role].push(task)
    return this.taskCount(memberId)
  }
}
