// cordoned.log.dirs (KIP-1066): log directories that take no new replicas; what is there stays, and is served.

export const CORDONED_LOG_DIRS = 'cordoned.log.dirs'
const ALL = '*'

export function isCordoned(paths: readonly string[], path: string): boolean {
  return paths.includes(ALL) || paths.includes(path)
}

/** What is wrong with the value of a broker that has these log directories, in Kafka's words. */
export function cordonFault(paths: readonly string[], logDirs: readonly string[]): string | null {
  if (paths.every((path) => path === ALL || logDirs.includes(path))) return null
  return `All entries in ${CORDONED_LOG_DIRS} must be present in log.dirs`
}
