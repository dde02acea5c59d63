import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { type Failure, failureOf } from '../../contract/failure.ts';
import type { AdapterFiles, ModelProgress, ModelWish, OpenedModel } from '../../contract/models-api.ts';
import { engine, telling, unwrap } from '../../shared/api/engine-client.ts';
import { storageQuery } from './queries.ts';

/** The model of this page. */
export type OpenState =
  | { readonly kind: 'closed' }
  | {
      readonly kind: 'loading';
      readonly wish: ModelWish;
      readonly progress: ModelProgress | null;
      readonly stopping: boolean;
    }
  /** `adapter` is the name of the one in use. */
  | { readonly kind: 'open'; readonly model: OpenedModel; readonly adapter: string | null }
  | { readonly kind: 'stopped'; readonly wish: ModelWish }
  | { readonly kind: 'failed'; readonly wish: ModelWish; readonly failure: Failure };

export interface OpenModelControls {
  readonly state: OpenState;
  open(wish: ModelWish): void;
  /** Ends the load that runs. */
  stop(): void;
  /** Frees the device. */
  close(): void;
  /** @throws FailureError where it does not go with the model; then none is in use */
  adapt(adapter: { readonly name: string; readonly files: AdapterFiles } | null): Promise<void>;
}

/** Drives the worker's one model for as long as the page is shown. */
export function useOpenModel(): OpenModelControls {
  const [state, setState] = useState<OpenState>({ kind: 'closed' });
  const queries = useQueryClient();
  /** Answers to an earlier question are nobody's any more. */
  const turn = useRef(0);
  const stopping = useRef(false);

  const open = useCallback(
    async (wish: ModelWish) => {
      turn.current += 1;
      const mine = turn.current;
      const isMine = () => mine === turn.current;
      stopping.current = false;
      setState({ kind: 'loading', wish, progress: null, stopping: false });
      const onProgress = (progress: ModelProgress) => {
        if (isMine()) setState((now) => (now.kind === 'loading' ? { ...now, progress } : now));
      };
      try {
        const model = unwrap(await telling(onProgress, (tell) => engine().openModel(wish, tell)));
        if (isMine()) setState({ kind: 'open', model, adapter: null });
      } catch (error) {
        if (!isMine()) return;
        setState(stopping.current ? { kind: 'stopped', wish } : { kind: 'failed', wish, failure: failureOf(error) });
      } finally {
        void queries.invalidateQueries(storageQuery);
      }
    },
    [queries],
  );

  const close = useCallback(() => {
    turn.current += 1;
    setState({ kind: 'closed' });
    void engine().closeModel();
  }, []);

  useEffect(
    () => () => {
      // Another page of this tab needs the device.
      turn.current += 1;
      void engine().closeModel();
    },
    [],
  );

  return {
    state,
    open: (wish) => void open(wish),
    stop: () => {
      stopping.current = true;
      setState((now) => (now.kind === 'loading' ? { ...now, stopping: true } : now));
      void engine().cancelModel();
    },
    close,
    adapt: async (adapter) => {
      const use = (name: string | null) => setState((now) => (now.kind === 'open' ? { ...now, adapter: name } : now));
      use(null);
      unwrap(await engine().useAdapter(adapter?.files ?? null));
      use(adapter?.name ?? null);
    },
  };
}
