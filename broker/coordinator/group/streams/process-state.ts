// A process while tasks are being assigned: its members, what each of them gets, and how much that is. Source:
// ProcessState of Apache Kafka.

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
    this.#taskCount++
    this.#tasks.add(task.key)
    this.shares.get(memberId)?.[role].push(task)
    return this.taskCount(memberId)
  }

  addToLeastLoaded(task: Task, role: keyof Share): number {
    let least = ''
    let count = Number.POSITIVE_INFINITY
    for (const memberId of this.shares.keys()) {
      const own = this.taskCount(memberId)
      if (own < count) [least, count] = [memberId, own]
    }
    return this.add(least, task, role)
  }
}
