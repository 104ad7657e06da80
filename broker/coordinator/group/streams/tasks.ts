// The tasks of streams groups. A subtopology has one task a partition of its inputs; a task has one active copy, which
// processes, and may have standby copies, which keep its state, and warm-up copies, which build it up before they take
// over.

/** Partitions of a subtopology; of active tasks with the epochs at which they were got. */
export interface TaskPartitions {
  has(partition: number): boolean
  keys(): Iterable<number>
  readonly size: number
}

/** By subtopology id. A subtopology without tasks is left out. */
export type Tasks = ReadonlyMap<string, ReadonlySet<number>>
/** By subtopology id, by partition: the epoch from when on the member's commits count (KIP-1251). */
export type EpochTasks = ReadonlyMap<string, ReadonlyMap<number, number>>
type AnyTasks = ReadonlyMap<string, TaskPartitions>

export interface TaskSets<Active extends AnyTasks = Tasks> {
  readonly active: Active
  readonly standby: Tasks
  readonly warmup: Tasks
}

/** What a member has. */
export type HeldTasks = TaskSets<EpochTasks>

export const NO_TASKS: TaskSets = { active: new Map(), standby: new Map(), warmup: new Map() }
export const NONE_HELD: HeldTasks = { active: new Map(), standby: new Map(), warmup: new Map() }

export interface TaskIds {
  readonly subtopologyId: string
  readonly partitions: readonly number[]
}

/** Names one task. */
export function taskKey(subtopologyId: string, partition: number): string {
  return `${subtopologyId} ${partition}`
}

export function toTasks(ids: readonly TaskIds[]): Tasks {
  return new Map(ids.map(({ subtopologyId, partitions }) => [subtopologyId, new Set(partitions)]))
}

/** Subtopologies and partitions in order. */
export function toTaskIds(tasks: AnyTasks): { subtopologyId: string; partitions: number[] }[] {
  return inOrder(tasks).map(([subtopologyId, partitions]) => ({ subtopologyId, partitions: sorted(partitions) }))
}

export function inOrder<T>(bySubtopology: ReadonlyMap<string, T>): [string, T][] {
  return [...bySubtopology].sort(([a], [b]) => (a < b ? -1 : 1))
}

export function sorted(partitions: TaskPartitions): number[] {
  return [...partitions.keys()].sort((a, b) => a - b)
}

export function hasTask(tasks: AnyTasks, subtopologyId: string, partition: number): boolean {
  return tasks.get(subtopologyId)?.has(partition) === true
}

export function* eachTask(tasks: AnyTasks): Iterable<readonly [subtopologyId: string, partition: number]> {
  for (const [subtopologyId, partitions] of tasks) {
    for (const partition of partitions.keys()) yield [subtopologyId, partition]
  }
}

export function isEmpty({ active, standby, warmup }: TaskSets<AnyTasks>): boolean {
  return active.size === 0 && standby.size === 0 && warmup.size === 0
}

export function isSame(a: TaskSets, b: TaskSets): boolean {
  return isSameTasks(a.active, b.active) && isSameTasks(a.standby, b.standby) && isSameTasks(a.warmup, b.warmup)
}

/** The epochs count too. */
export function isSameHeld(a: HeldTasks, b: HeldTasks): boolean {
  if (!isSameTasks(a.active, b.active) || !isSameTasks(a.standby, b.standby) || !isSameTasks(a.warmup, b.warmup)) {
    return false
  }
  for (const [subtopologyId, epochs] of a.active) {
    for (const [partition, epoch] of epochs) if (b.active.get(subtopologyId)?.get(partition) !== epoch) return false
  }
  return true
}

function isSameTasks(a: AnyTasks, b: AnyTasks): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [subtopologyId, partitions] of a) if (partitions.size !== b.get(subtopologyId)?.size) return false
  return isWithin(a, b)
}

/** Every task of `a` is one of `b`. */
export function isWithin(a: AnyTasks, b: AnyTasks): boolean {
  for (const [subtopologyId, partition] of eachTask(a)) if (!hasTask(b, subtopologyId, partition)) return false
  return true
}

/** They have a task in common, in the same role. */
export function overlap(a: TaskSets<AnyTasks>, b: TaskSets<AnyTasks>): boolean {
  return meet(a.active, b.active) || meet(a.standby, b.standby) || meet(a.warmup, b.warmup)
}

function meet(a: AnyTasks, b: AnyTasks): boolean {
  for (const [subtopologyId, partition] of eachTask(a)) if (hasTask(b, subtopologyId, partition)) return true
  return false
}
