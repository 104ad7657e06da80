// The rules of the house that neither the compiler nor the linter knows. Each takes a file and answers what is wrong
// with it, as `path:line: reason`. (No enum and no namespace: tsc, erasableSyntaxOnly. No default export, no any:
// Biome.)

import { codeOf, importsOf, linesWith, type SourceFile } from './source-files.ts'

export type Rule = (file: SourceFile) => string[]

/**
 * Which way imports point: an area may import itself and what stands in its row. The longest prefix of a path is its
 * area. A request goes down this table from the end; nothing points back up.
 */
const arrows: Readonly<Record<string, readonly string[]>> = {
  host: [],
  protocol: [],
  storage: ['host', 'protocol'],
  'broker/network': ['host'],
  'broker/metadata': ['host', 'protocol'],
  'broker/config': ['host', 'protocol', 'storage', 'broker/metadata'],
  'broker/replication': ['host', 'protocol', 'storage', 'broker/metadata', 'broker/config'],
  'broker/quotas': ['host', 'protocol', 'broker/metadata', 'broker/config'],
  'broker/telemetry': ['host', 'protocol', 'broker/metadata', 'broker/config'],
  'broker/controller': [
    'host',
    'protocol',
    'storage',
    'broker/metadata',
    'broker/config',
    'broker/quotas',
    'broker/telemetry',
  ],
  'broker/coordinator': ['host', 'protocol', 'storage', 'broker/metadata', 'broker/config', 'broker/replication'],
  'broker/share': [
    'host',
    'protocol',
    'storage',
    'broker/metadata',
    'broker/config',
    'broker/replication',
    'broker/coordinator',
  ],
  'broker/metrics': [
    'host',
    'protocol',
    'storage',
    'broker/network',
    'broker/metadata',
    'broker/replication',
    'broker/telemetry',
    'broker/coordinator',
  ],
  'broker/http': ['host', 'broker/network', 'broker/metrics'],
  'broker/services.ts': [
    'host',
    'protocol',
    'storage',
    'broker/metrics',
    'broker/metadata',
    'broker/config',
    'broker/replication',
    'broker/quotas',
    'broker/telemetry',
    'broker/controller',
    'broker/coordinator',
    'broker/share',
  ],
  'broker/handlers': [
    'host',
    'protocol',
    'storage',
    'broker/metadata',
    'broker/config',
    'broker/replication',
    'broker/quotas',
    'broker/telemetry',
    'broker/controller',
    'broker/coordinator',
    'broker/share',
    'broker/services.ts',
  ],
  'broker/served-call.ts': [
    'host',
    'protocol',
    'broker/handlers',
    'broker/metrics',
    'broker/network',
    'broker/quotas',
    'broker/services.ts',
  ],
  'broker/dispatch.ts': [
    'host',
    'protocol',
    'broker/handlers',
    'broker/network',
    'broker/services.ts',
    'broker/served-call.ts',
  ],
  broker: [
    'host',
    'protocol',
    'storage',
    'broker/network',
    'broker/metadata',
    'broker/config',
    'broker/replication',
    'broker/quotas',
    'broker/telemetry',
    'broker/controller',
    'broker/coordinator',
    'broker/share',
    'broker/services.ts',
    'broker/handlers',
    'broker/metrics',
    'broker/http',
    'broker/dispatch.ts',
  ],
  cli: ['host', 'storage', 'broker', 'broker/config', 'broker/network'],
}

/**
 * The same within the storage: what all logs share and the writing of a turn know no log; segments and producers'
 * states know one file each; the journal knows logs by an interface; a log is made of all these.
 */
const storageBase = ['storage/shared', 'storage/commit', 'storage/environment.ts']
const storageParts = [...storageBase, 'storage/segment', 'storage/producers', 'storage/journal']
const storageArrows: Readonly<Record<string, readonly string[]>> = {
  'storage/shared': [],
  'storage/commit': [],
  'storage/environment.ts': ['storage/shared', 'storage/commit'],
  'storage/segment': storageBase,
  'storage/producers': [...storageBase, 'storage/segment'],
  'storage/journal': storageBase,
  'storage/log': storageParts,
  'storage/cleaner': [...storageParts, 'storage/log'],
  'storage/directory': [...storageParts, 'storage/log'],
}

/**
 * The same among the coordinators, and within that of groups: what a shard holds lies lowest, then what kinds of groups
 * have in common, then the kinds, which do not know each other; but a consumer group may come from a classic one, and
 * become one. Above them lie the requests that any kind may meet, and the state machine.
 */
const coordinatorArrows: Readonly<Record<string, readonly string[]>> = {
  'broker/coordinator/runtime': [],
  'broker/coordinator/share': ['broker/coordinator/runtime'],
  'broker/coordinator/group/model': ['broker/coordinator/runtime'],
  'broker/coordinator/group/offsets': ['broker/coordinator/runtime', 'broker/coordinator/group/model'],
  'broker/coordinator/group/modern': ['broker/coordinator/runtime', 'broker/coordinator/group/model'],
  'broker/coordinator/group/classic': ['broker/coordinator/runtime', 'broker/coordinator/group/model'],
  'broker/coordinator/group/consumer': [
    'broker/coordinator/runtime',
    'broker/coordinator/group/model',
    'broker/coordinator/group/modern',
    'broker/coordinator/group/classic',
  ],
  'broker/coordinator/group/streams': [
    'broker/coordinator/runtime',
    'broker/coordinator/group/model',
    'broker/coordinator/group/modern',
  ],
  'broker/coordinator/group/share': [
    'broker/coordinator/runtime',
    'broker/coordinator/share',
    'broker/coordinator/group/model',
    'broker/coordinator/group/modern',
  ],
  'broker/coordinator/group': [
    'broker/coordinator/runtime',
    'broker/coordinator/group/model',
    'broker/coordinator/group/offsets',
    'broker/coordinator/group/modern',
    'broker/coordinator/group/classic',
    'broker/coordinator/group/consumer',
    'broker/coordinator/group/streams',
    'broker/coordinator/group/share',
  ],
  'broker/coordinator/transaction': [
    'broker/coordinator/runtime',
    'broker/coordinator/group',
    'broker/coordinator/group/offsets',
  ],
}

/** Packages, and `node:` modules outside host/real, cli, bench and test: who may import them. */
const modules: Readonly<Record<string, readonly string[]>> = {
  '@node-rs/crc32': ['protocol/records'],
  'crc-32/crc32c.js': ['protocol/records'],
  esbuild: ['cli/build.mjs'],
  'lz4-napi': ['protocol/records'],
  re2js: ['broker/coordinator/group/consumer', 'broker/telemetry'],
  snappy: ['protocol/records'],
  'node:zlib': ['protocol/records'],
  'node:crypto': ['broker/controller', 'host'],
  'node:module': ['protocol/records'],
  'node:path': ['storage', 'broker'],
  kafkajs: ['test', 'bench'],
  '@platformatic/kafka': ['test', 'bench'],
  milena: ['test', 'bench'],
  tap: ['test'],
  'tap-parser': ['test'],
}

/** May use what the machine offers. */
const isRim = (path: string) => /^(host\/real|cli|bench|test|docs)\//.test(path)

const isWithin = (path: string, area: string) => path === area || path.startsWith(`${area}/`)

function areaIn(table: Readonly<Record<string, readonly string[]>>): (path: string) => string | undefined {
  const areas = Object.keys(table).sort((a, b) => b.length - a.length)
  return (path) => areas.find((area) => isWithin(path, area))
}

const areaOf = areaIn(arrows)
const storageAreaOf = areaIn(storageArrows)
const coordinatorAreaOf = areaIn(coordinatorArrows)

export const importArrows: Rule = (file) => {
  const from = areaOf(file.path)
  if (from === undefined) return []
  const allowed = arrows[from]!
  return importsOf(file).flatMap(({ target, line }) => {
    if (!target.includes('.ts') || !/^[a-z]+\//.test(target)) return []
    const to = areaOf(target)
    if (to !== undefined && (to === from || allowed.includes(to))) return []
    return [`${file.path}:${line}: ${from} must not import ${target}`]
  })
}

/** Within an area; what lies outside is importArrows' to judge. */
const layers =
  (areaOf: (path: string) => string | undefined, arrows: Readonly<Record<string, readonly string[]>>): Rule =>
  (file) => {
    const from = areaOf(file.path)
    if (from === undefined) return []
    return importsOf(file).flatMap(({ target, line }) => {
      const to = areaOf(target)
      if (to === undefined || to === from || arrows[from]!.includes(to)) return []
      return [`${file.path}:${line}: ${from} must not import ${target}`]
    })
  }

export const storageLayers = layers(storageAreaOf, storageArrows)
export const coordinatorLayers = layers(coordinatorAreaOf, coordinatorArrows)

/** Files that import each other, be it for a type: neither can be read before the other. */
export function circles(files: readonly SourceFile[]): string[] {
  const imports = new Map(files.map((file) => [file.path, importsOf(file).map(({ target }) => target)]))
  const done = new Set<string>()
  const trail: string[] = []
  const found: string[] = []
  const visit = (path: string): void => {
    const start = trail.indexOf(path)
    if (start !== -1) found.push([...trail.slice(start), path].join(' → '))
    if (start !== -1 || done.has(path)) return
    trail.push(path)
    for (const target of imports.get(path) ?? []) visit(target)
    trail.pop()
    done.add(path)
  }
  for (const { path } of files) visit(path)
  return found
}

export const importedModules: Rule = (file) =>
  importsOf(file).flatMap(({ target, line }) => {
    if (target.endsWith('.ts') || target.endsWith('.mjs')) return []
    if (target.startsWith('node:') && isRim(file.path)) return []
    if (modules[target]?.some((area) => isWithin(file.path, area))) return []
    return [`${file.path}:${line}: ${target} has no place here`]
  })

const machineGlobals = new RegExp(
  [
    String.raw`\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.|\bset(Timeout|Interval|Immediate)\b`,
    String.raw`\bprocess\.(?!versions?\b|platform\b)|\bcrypto\.|\bglobalThis\.fetch\b`,
  ].join('|'),
)

/** The simulation drains the event loop between two events: the one thing it asks of the machine. */
const globalExceptions: readonly string[] = ['host/simulated/simulation.ts']

export const noMachineGlobals: Rule = (file) => {
  if (isRim(file.path) || globalExceptions.includes(file.path)) return []
  return linesWith(codeOf(file), machineGlobals).map(
    (line) => `${file.path}:${line}: time, timers, randomness and the process come from the host`,
  )
}

const maxLineLength = 120
const maxFileLines = 500

/** Longer files, each with its reason. */
const longFiles: Readonly<Record<string, string>> = {}

export const sizes: Rule = (file) => {
  const lines = file.text.split('\n')
  const complaints = lines.flatMap((line, index) =>
    line.length > maxLineLength ? [`${file.path}:${index + 1}: ${line.length} columns, ${maxLineLength} at most`] : [],
  )
  if (lines.length - 1 > maxFileLines && longFiles[file.path] === undefined) {
    complaints.push(`${file.path}: ${lines.length - 1} lines; split it, or give the reason in test/tidy/rules.ts`)
  }
  return complaints
}

/** A test file may let the names of its tests speak. */
export const headComment: Rule = (file) =>
  file.path.endsWith('.test.ts') || /^(#![^\n]*\n)?(\/\/ |\/\*)/.test(file.text)
    ? []
    : [`${file.path}:1: opens without saying what it is`]

// In two parts, so that this file does not complain of itself.
const unfinished = new RegExp(
  `\\b(${['TO', 'FIX'].map((start) => `${start}${start === 'TO' ? 'DO' : 'ME'}`).join('|')})\\b`,
)

export const nothingUnfinished: Rule = (file) =>
  linesWith(file.text, unfinished).map((line) => `${file.path}:${line}: an open end belongs into an issue`)

/** An empty array is a pattern that every array matches: what says that nothing is there is `{ length: 0 }`. */
export const noEmptyPatterns: Rule = (file) =>
  linesWith(file.text, /\bmatch\(.*: \[\]/).map((line) => `${file.path}:${line}: [] matches anything; { length: 0 }`)

/** The package's entry, and the table of all messages. */
const barrels: readonly string[] = ['broker/index.ts']

export const noBarrels: Rule = (file) => {
  if (barrels.includes(file.path)) return []
  const reexports = /^export (type )?(\*|\{[^}]*\})( as \w+)? from /
  return linesWith(file.text, reexports).map((line) => `${file.path}:${line}: import it from where it is made`)
}

/** A file of ours in a comment or a document, whole or by the end of its path; `*.ts` and `KIND/x.ts` are patterns. */
const fileName = /(?<![\w*.{}/-])(?:\.{0,2}\/)?[a-z][\w./-]*\.(?:ts|mjs)\b/g

/** A comment that sends its reader to a file which has been moved since. */
export function missingFiles(files: readonly SourceFile[]): string[] {
  const paths = files.filter(({ path }) => !path.endsWith('.md')).map(({ path }) => `/${path}`)
  return files.flatMap((file) =>
    file.text.split('\n').flatMap((line, index) => {
      const prose = file.path.endsWith('.md') ? line : (/(?:^|\s)(?:\/\/|\/?\*\*?) (.*)/.exec(line)?.[1] ?? '')
      const names = [...prose.matchAll(fileName)].map(([name]) => `/${name.replace(/^[./]+/, '')}`)
      const missing = names.filter((name) => !paths.some((path) => path.endsWith(name)))
      return missing.map((name) => `${file.path}:${index + 1}: there is no ${name.slice(1)}`)
    }),
  )
}

/** Where this was written is nobody's concern, and a path of one machine is wrong on all others. */
const placeNames = [
  `/wo${'rk/'}`,
  `/ro${'ot/'}`,
  `/tmp/${'brief'}`,
  `/tmp/${'contracts'}`,
  `sha${'red'}/peers`,
  `sha${'red'}/oracle`,
]

export const noPlaceNames: Rule = (file) =>
  placeNames.flatMap((name) =>
    file.text
      .split('\n')
      .flatMap((line, index) =>
        line.includes(name) ? [`${file.path}:${index + 1}: names a place outside the repository`] : [],
      ),
  )
