"""What a person must be told of a file that is read as it stands."""


def test_ratings_that_differ_only_in_case_are_named_since_one_may_be_missed(run, write):
    rows = [f"q{k},Is it?,Yes {k}.,{thumb}" for k, thumb in enumerate(["false", "False", "true"])]
    done = run(write("\n".join(["id,prompt,response,rating", *rows])), "--negative", "false")
    assert done["n_negative"] == 1
    assert (
        "rating: 'False', 'false' look alike and are kept as different values." in done["remarks"]
    )


def test_a_cell_of_ten_megabytes_is_called_too_long_not_badly_quoted(refused, write):
    path = write("id,prompt,response,rating\nq1,a,b,down\nq2,a," + "x" * 10_000_000 + ",down\n")
    assert refused(path, "--negative", "down") == (
        "feedback.csv: line 3: expected cells of at most 8,388,608 bytes, got a longer one; "
        "perhaps a quote is opened there and not closed."
    )
