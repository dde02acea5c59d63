import { AdminApi } from '@perfit/protocol/admin';
import { request, requestBytes } from './request.ts';

/** Asks as the page does: the browser keeps the session's cookie, and what comes to nothing is a failure. */
class PageAdmin extends AdminApi {
  protected override readonly json = request;
  protected override readonly bytes = requestBytes;
}

export const admin = new PageAdmin();
