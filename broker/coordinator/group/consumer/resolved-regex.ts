// What a regular expression of a group's members matched when it was last looked at.

export interface ResolvedRegex {
  readonly topics: ReadonlySet<string>
  /** Offset of the metadata image that it was resolved on. */
  readonly version: number
  /** When, ms. */
  readonly timestamp: number
}
