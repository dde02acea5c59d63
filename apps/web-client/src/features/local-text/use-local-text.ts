import { useCallback, useEffect, useRef, useState } from 'react';
import { strings } from '#strings/local-text.ts';
import type {
  ColumnMapping,
  DataReport,
  LocalFile,
  SplitSettings,
  TokenReport,
  TokenWish,
} from '../../contract/data-api.ts';
import { type Failure, failureOf } from '../../contract/failure.ts';
import { engine, telling, unwrap } from '../../shared/api/engine-client.ts';
import type { Collected } from './collect-files.ts';

/** A text that can be tuned on. */
export interface Dataset {
  readonly name: string;
  readonly files: readonly LocalFile[];
  /** Of its examples so many; absent is all. */
  readonly most?: number;
  readonly report: DataReport;
}

/** What the federation's model reads: its tokenizer counts. */
export type Reader = Pick<TokenWish, 'modelPath' | 'maxLength'>;

export type TokenCount =
  | { readonly kind: 'none' }
  | { readonly kind: 'counting'; readonly done: number }
  | { readonly kind: 'counted'; readonly report: TokenReport }
  | { readonly kind: 'failed'; readonly failure: Failure };

interface LocalTextOptions {
  readonly split: SplitSettings;
  readonly reader: Reader;
  readonly onChange: (dataset: Dataset | null) => void;
  /** Null where nothing is counted, or not yet. */
  readonly onTokens: (report: TokenReport | null) => void;
}

interface Chosen {
  readonly name: string | null;
  readonly files: readonly LocalFile[];
  readonly most?: number;
}

const nothing: Chosen = { name: null, files: [] };

/** A person's text on its way through the worker: read, split, then counted. The latest choice wins. */
export function useLocalText({ split, reader, onChange, onTokens }: LocalTextOptions) {
  const [report, setReport] = useState<DataReport | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [reading, setReading] = useState(false);
  const chosen = useRef<Chosen>(nothing);
  const turn = useRef(0);
  const tokens = useTokenCount(report, reader);
  useEffect(() => onTokens(tokens.kind === 'counted' ? tokens.report : null), [tokens, onTokens]);

  const read = useCallback(
    async (collecting: () => Promise<Chosen> | Chosen) => {
      const mine = ++turn.current;
      setReading(true);
      setFailure(null);
      try {
        const next = await collecting();
        if (mine !== turn.current) return;
        // At once: a further choice while this is being read goes out from it.
        chosen.current = next;
        const settings = next.most === undefined ? split : { ...split, most: next.most };
        const latest = next.files.length > 0 ? unwrap(await engine().readData(next.files, settings)) : null;
        if (mine !== turn.current) return;
        setReport(latest);
        if (latest === null) setFailure({ code: 'data-empty', message: strings.emptyFolder });
        onChange(latest === null || latest.failure !== null ? null : datasetOf(next, latest));
      } catch (error) {
        if (mine !== turn.current) return;
        chosen.current = nothing;
        setReport(null);
        setFailure(failureOf(error));
        onChange(null);
      } finally {
        if (mine === turn.current) setReading(false);
      }
    },
    [split, onChange],
  );

  return {
    report,
    failure,
    reading,
    tokens,
    /** These, and no others. */
    take: (collecting: Promise<Collected> | Collected) => void read(async () => collecting),
    /** These as well; a file of the same name gives way. */
    add: (collected: Collected) =>
      void read(() => {
        const names = new Set(collected.files.map(({ name }) => name));
        const kept = chosen.current.files.filter(({ name }) => !names.has(name));
        return { name: null, files: [...kept, ...collected.files] };
      }),
    remove: (name: string) =>
      void read(() => ({ name: null, files: chosen.current.files.filter((file) => file.name !== name) })),
    /** So many of the examples, or all. */
    use: (most: number | null) =>
      void read(() => {
        const { name, files } = chosen.current;
        return { name, files, ...(most === null ? {} : { most }) };
      }),
    /** What the columns of these files are. */
    map: (names: ReadonlySet<string>, columns: ColumnMapping) =>
      void read(() => ({
        ...chosen.current,
        files: chosen.current.files.map((file) => (names.has(file.name) ? { ...file, columns } : file)),
      })),
  };
}

/** Those of its files that gave something. */
function datasetOf({ name, files, most }: Chosen, report: DataReport): Dataset {
  const unusable = new Set(report.files.filter((file) => file.failure !== null).map((file) => file.name));
  const used = files.filter((file) => !unusable.has(file.name));
  const shown = name ?? (used.length === 1 ? used[0]?.name : undefined) ?? strings.severalFiles(String(used.length));
  return { name: shown, files: used, ...(most === undefined ? {} : { most }), report };
}

/** Counts once a text can be used at all. */
function useTokenCount(report: DataReport | null, { modelPath, maxLength }: Reader): TokenCount {
  const [count, setCount] = useState<TokenCount>({ kind: 'none' });
  const id = report !== null && hasExamples(report) ? report.id : null;
  useEffect(() => {
    setCount({ kind: 'none' });
    if (id === null) return;
    let isMine = true;
    const tell = (next: TokenCount) => {
      if (isMine) setCount(next);
    };
    void (async () => {
      const outcome = await telling(
        (done: number) => tell({ kind: 'counting', done }),
        (onProgress) => engine().countTokens({ report: id, modelPath, maxLength }, onProgress),
      );
      if (!outcome.ok) tell({ kind: 'failed', failure: outcome.error });
      else if (outcome.value) tell({ kind: 'counted', report: outcome.value });
    })();
    return () => {
      isMine = false;
    };
  }, [id, modelPath, maxLength]);
  return count;
}

export function hasExamples({ examples }: DataReport): boolean {
  return examples.training + examples.validation + examples.heldOut > 0;
}
