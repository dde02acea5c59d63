/** What is asked before something is lost. */
export interface Question {
  readonly title: string;
  readonly text: string;
  readonly confirm: string;
}
