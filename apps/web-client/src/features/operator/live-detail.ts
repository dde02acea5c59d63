import { federationDetailSchema } from '@perfit/protocol';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { io } from 'socket.io-client';
import { detailQuery } from './admin-api.ts';

/** A federation's detail, kept fresh by the operator's socket, and by asking now and then where that is silent. */
export function useLiveDetail(id: string) {
  const queries = useQueryClient();
  const [live, setLive] = useState(false);
  const query = useQuery({ ...detailQuery(id), refetchInterval: live ? 30_000 : 4_000 });
  useEffect(() => {
    const socket = io('/operator', { transports: ['websocket'] });
    socket.on('connect', () => {
      setLive(true);
      socket.emit('watch', { federation: id });
    });
    socket.on('disconnect', () => setLive(false));
    socket.on('connect_error', () => setLive(false));
    socket.on('detail', (message: unknown) => {
      const detail = federationDetailSchema.safeParse(message);
      if (detail.success && detail.data.id === id) queries.setQueryData(detailQuery(id).queryKey, detail.data);
    });
    return () => {
      socket.disconnect();
    };
  }, [id, queries]);
  return { ...query, live };
}
