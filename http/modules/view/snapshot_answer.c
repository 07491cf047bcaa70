/* SPDX-License-Identifier: BSD-2-Clause */
/* A request waits for its snapshot, or leaves it. */
#include "http/limits.h"
#include "http/modules/view/snapshot_answer.h"

#include "http/modules/view/text_body.h"
#include "http/request.h"
#include "http/driver.h"

struct question {
    struct http_request *request;
    struct snapshot *snapshot; /* null: it is answered */
    struct http_text type;
};

enum http_outcome http_no_snapshot(struct http_request *request)
{
    http_log(request, LOG_LEVEL_ERROR, 0, "no memory for a snapshot");
    counter_add(&request->connection->base.worker->counters.over_budget, 1);
    request->response.retry_after = true;
    request->keep_alive = false;
    return http_fail_with(request, 503);
}

static void question_leave(void *data)
{
    struct question *question = data;

    snapshot_cancel(question->snapshot);
}

static void question_answer(void *data, struct text *text)
{
    struct question *question = data;
    struct http_request *request = question->request;

    question->snapshot = NULL;
    if (request->connection->base.closed)
        return;
    http_resume(request, text ? http_answer_text(request, question->type, text) : http_no_snapshot(request));
}

enum http_outcome http_answer_snapshot(struct http_request *request, const struct snapshot_query *query,
                                       bool (*write)(struct snapshot *snapshot), struct http_text type)
{
    struct question *question = pool_calloc(request->pool, sizeof *question, "snapshot");

    if (!question || !pool_cleanup_add(request->pool, question_leave, question))
        return http_no_memory(request);
    question->request = request;
    question->type = type;
    question->snapshot =
        snapshot_ask(request->connection->base.worker, query, write, question_answer, question);
    return question->snapshot ? HTTP_OUTCOME_TAKEN : http_no_snapshot(request);
}
